// `postern explain`: every check of one token on one route, for the operator who asks why.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace postern::cli {

struct ExplainOptions {
  std::string config_file;
  std::string request;  // `GET /orders/1`, or with a host: `GET https://shop.example.com/orders`; empty: the first
                        // route with `jwt`
  std::vector<std::string> headers;  // `Name: value`, of that request: what routes have conditions on
  std::optional<double> at;          // the Unix second to judge at; empty: now
  bool json = false;
  std::string token;  // `-`: the first line of `in`; a `Bearer ` before it is ignored
};

// Prints what was expected and what was got, the key used, and the headers that would be injected; never the token.
// Returns 0 when the token is accepted (or the route is public), 1 when it is refused, 78 for a bad configuration, 2
// for a request that cannot be understood.
int run_explain(const ExplainOptions& options, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace postern::cli
