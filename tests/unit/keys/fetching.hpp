// Runs one fetch to its end, beside the servers of the same io_context.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "filters/keys/fetch.hpp"

namespace postern::keys {

struct Outcome {
  tl::expected<Fetched, FetchFailure> result;
  std::vector<std::pair<std::string, std::string>> observed;

  bool succeeded() const { return result.has_value(); }
  // What was observed in a phase, the first time.
  std::string said(Phase phase) const {
    for (const auto& [at, what] : observed) {
      if (at == name_of(phase)) return what;
    }
    return {};
  }
};

inline Outcome run_fetch(boost::asio::io_context& io, const conf::Url& url, const FetchOptions& options = {},
                         const std::string& etag = {}) {
  Outcome outcome;
  const Observe observe = [&](std::string_view step, const std::string& what) {
    outcome.observed.emplace_back(step, what);
  };
  bool ended = false;
  std::exception_ptr failure;
  spawn(io.get_executor(), fetch(url, etag, options, observe),
        [&](std::exception_ptr thrown, tl::expected<Fetched, FetchFailure> result) {
          failure = std::move(thrown);
          outcome.result = std::move(result);
          ended = true;
        });
  io.restart();
  while (!ended) io.run_one();
  if (failure) std::rethrow_exception(failure);
  return outcome;
}

// A whole response; Content-Length is added.
inline std::string response(const std::string& body, const std::string& fields = {},
                            const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body;
}

inline FetchOptions impatient() {
  FetchOptions options;
  options.timeout = std::chrono::milliseconds(500);
  return options;
}

}  // namespace postern::keys
