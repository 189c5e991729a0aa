#include "filters/keys/fetch_deadline.hpp"

#include <algorithm>
#include <utility>

namespace postern::keys {
namespace {

// Not close(): TLS would go on with a descriptor that may be another connection's by then.
void end_operations(TcpSocket& socket) noexcept {
  error_code ignored;
  socket.cancel(ignored);
  socket.shutdown(TcpSocket::shutdown_both, ignored);
}

}  // namespace

struct FetchDeadline::State {
  explicit State(Executor executor) : timer(executor) {}
  SteadyTimer timer;
  TcpSocket* socket = nullptr;
  TimePoint ends_at;
  unsigned turn = 0;  // a handler of an earlier turn may be queued when the timer is set anew
  bool passed = false;
};

FetchDeadline::FetchDeadline(Executor executor, std::chrono::milliseconds timeout,
                             int timeouts_in_all)
    : state_(std::make_shared<State>(executor)),
      timeout_(timeout),
      timeouts_in_all_(timeouts_in_all),
      whole_ends_at_(std::chrono::steady_clock::now() + timeouts_in_all * timeout),
      phase_ends_at_(whole_ends_at_) {}

FetchDeadline::~FetchDeadline() {
  ++state_->turn;
  state_->socket = nullptr;
  state_->timer.cancel();
}

void FetchDeadline::begin(Phase phase) {
  const TimePoint now = std::chrono::steady_clock::now();
  phase_ = phase;
  phase_ends_at_ = std::min(now + timeout_, whole_ends_at_);
  arm(phase_ends_at_, now);
}

void FetchDeadline::allot(std::size_t shares) {
  const TimePoint now = std::chrono::steady_clock::now();
  arm(now + (phase_ends_at_ - now) / static_cast<std::int64_t>(std::max<std::size_t>(shares, 1)), now);
}

// A time that is over already passes at once: phases that end quickly would never wait for the timer's handler.
void FetchDeadline::arm(TimePoint at, TimePoint now) {
  state_->passed = at <= now;
  state_->ends_at = at;
  state_->timer.expires_at(at);
  state_->timer.async_wait([state = state_, turn = ++state_->turn](const error_code& error) {
    if (error || turn != state->turn) return;
    state->passed = true;
    if (state->socket != nullptr) end_operations(*state->socket);
  });
}

void FetchDeadline::guard(TcpSocket* socket) noexcept {
  state_->socket = socket;
}

bool FetchDeadline::passed() const noexcept {
  return state_->passed;
}

bool FetchDeadline::whole_passed() const noexcept {
  return state_->passed && state_->ends_at >= whole_ends_at_;
}

FetchDeadline::TimePoint FetchDeadline::ends_at() const noexcept {
  return state_->ends_at;
}

FetchFailure FetchDeadline::failure(std::string detail, unsigned status) const {
  if (passed()) return too_late();
  return FetchFailure{phase_, false, status, std::move(detail)};
}

FetchFailure FetchDeadline::too_late() const {
  const bool whole = phase_ends_at_ == whole_ends_at_;
  const auto limit = whole ? timeouts_in_all_ * timeout_ : timeout_;
  return FetchFailure{phase_, true, 0,
                      std::string(whole ? "the whole fetch" : name_of(phase_)) + " took longer than " +
                          std::to_string(limit.count()) + " ms"};
}

}  // namespace postern::keys
