// The access log: one JSON line a request. Workers format into their own memory; one thread writes, so that a full disk
// or a blocked reader never stops a request. Never a token, a cookie or a query value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "gateway/error_response.hpp"
#include "gateway/request_context.hpp"

namespace postern {

struct AccessRecord {
  double time = 0;         // Unix seconds when the request's head had arrived
  std::string_view route;  // empty when none was found
  std::string_view method;
  std::string_view path;  // canonical, without the query
  std::string_view host;
  std::string_view client_address;          // behind trusted proxies the one that they tell
  unsigned status = 0;                      // 0: the client was gone before an answer
  std::uint64_t request_bytes = 0;          // of the body
  std::uint64_t response_bytes = 0;         // of the body
  double duration = 0;                      // seconds
  std::optional<double> upstream_duration;  // seconds to the upstream's response head
  std::string_view upstream_endpoint;
  std::string_view trace_id;
  const Decision* decision = nullptr;  // null: no filter was reached
  bool observed = false;               // refused, and passed by `observe`
  Reason reason = Reason::accepted;    // of the reply, when it was an error
  std::string_view detail;
  std::optional<Side> side;  // of an error
};

// Appends the line with its final newline. Pure.
void append_access_line(std::string& out, const AccessRecord& record);

class AccessLog {
 public:
  // `target`: `stdout`, `off` or a file (or named pipe) that is appended to; the error is a sentence.
  static tl::expected<std::unique_ptr<AccessLog>, std::string> open(const std::string& target);
  ~AccessLog();  // writes what is queued, for at most a second

  bool enabled() const noexcept;
  // Takes whole lines from any thread and never blocks; when more than `max_queued_bytes` wait, or there is no memory
  // for them, they are dropped and counted. A line is written within a tenth of a second when its reader keeps up.
  void submit(std::string lines, std::size_t count);
  // So many lines could not even be written down.
  void count_dropped(std::size_t lines) noexcept;
  void reopen();  // SIGUSR1; a file that cannot be opened keeps the old one
  std::uint64_t dropped_lines() const noexcept;

  static constexpr std::size_t max_queued_bytes = 8 << 20;

 private:
  AccessLog();
  struct State;
  std::shared_ptr<State> state_;  // null: off
  std::thread writer_;
};

}  // namespace postern
