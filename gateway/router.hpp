// Which route a request takes: the most specific one, whatever the order in the file.
//
// Order: host (exact, then the longest wildcard, then any); path (exact, then template, then the longest prefix,
// segment by segment from the left); then the route with more of methods and header conditions. A less specific route
// is taken when a more specific one's headers or methods do not match. A route with GET takes HEAD too.
//
// Hosts are compared without case, port and final dot; `*.example.com` takes any depth of names below it and not
// itself. The prefix `/a` takes `/a` and `/a/b`, never `/ab`; the prefix `/a/` takes only what lies below. A template's
// name stands for one segment that is not empty. A header condition holds when every field of that name satisfies it.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/reason.hpp"
#include "conf/config.hpp"
#include "gateway/http/head.hpp"

namespace postern {

struct RouteFound {
  std::optional<std::size_t> route;  // index into the routes given
  Reason reason = Reason::accepted;  // route_not_found or method_not_allowed without a route
  std::string allow;                 // of a method_not_allowed: the methods of the routes that would have matched
  boost::container::small_vector<std::pair<std::string_view, std::string_view>, 4> segments;  // template names

  void clear() noexcept;  // as new; capacities stay
};

class Router {
 public:
  explicit Router(std::span<const conf::Route> routes);  // keeps no reference to them
  ~Router();
  Router(Router&&) noexcept;

  // `method` apart from the head: a CORS preflight is routed by the method it asks for. Looks at authority, path and
  // fields. Time grows with the path's segments, not with the number of routes.
  RouteFound find(const http::RequestHead& head, std::string_view method) const {
    RouteFound found;
    find(head, method, found);
    return found;
  }
  // The same into what is there already, which is forgotten.
  void find(const http::RequestHead& head, std::string_view method, RouteFound& found) const;

 private:
  struct Tree;
  std::unique_ptr<const Tree> tree_;
};

// The path for the upstream: strip_prefix or set_path applied to the canonical path.
std::string rewrite_path(const conf::Route& route, std::string_view path,
                         std::span<const std::pair<std::string_view, std::string_view>> segments);

}  // namespace postern
