// The time that a fetch has: for the phase that it is in, and in all. When it is over, what waits on the guarded socket
// ends.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "filters/keys/fetch.hpp"
#include "gateway/executor.hpp"

namespace postern::keys {


class FetchDeadline {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr int phases_in_all = 4;

  // `timeout` is a phase's; the whole has `timeouts_in_all` times of it, from now on.
  FetchDeadline(Executor executor, std::chrono::milliseconds timeout,
                int timeouts_in_all = phases_in_all);
  ~FetchDeadline();
  FetchDeadline(const FetchDeadline&) = delete;
  FetchDeadline& operator=(const FetchDeadline&) = delete;

  void begin(Phase phase);
  // From now on one of `shares` equal parts of what is left of the phase. Makes passed() false again.
  void allot(std::size_t shares);

  // The socket whose operations end with the time, nullptr for none; it is cancelled and shut down, so that an
  // operation that begins later ends too.
  void guard(TcpSocket* socket) noexcept;

  bool passed() const noexcept;
  bool whole_passed() const noexcept;  // of the whole fetch: nothing more is worth trying
  TimePoint ends_at() const noexcept;  // of what begin() or allot() gave
  Phase phase() const noexcept { return phase_; }

  // A failure in this phase; when the time has passed it says that instead of `detail`.
  FetchFailure failure(std::string detail, unsigned status = 0) const;
  FetchFailure too_late() const;

 private:
  struct State;
  void arm(TimePoint at, TimePoint now);

  std::shared_ptr<State> state_;  // shared with the timer's handler, which may run after this is gone
  std::chrono::milliseconds timeout_;
  int timeouts_in_all_;
  TimePoint whole_ends_at_;
  TimePoint phase_ends_at_;
  Phase phase_ = Phase::dns;
};

}  // namespace postern::keys
