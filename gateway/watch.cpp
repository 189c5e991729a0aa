#include "gateway/watch.hpp"

#include <algorithm>

#include "gateway/upstream_pool.hpp"

namespace postern {
namespace {

constexpr std::chrono::milliseconds half_close_patience{1000};

// How long a client may go on sending what nobody wants, and how long it may pause, before its connection is reset
// under it. Many clients read nothing before they have sent everything.
constexpr std::chrono::milliseconds linger_limit{30'000};
constexpr std::chrono::milliseconds linger_pause{2000};

}  // namespace

void Watch::arm(Cause cause, std::chrono::milliseconds limit) noexcept {
  cause_ = cause;
  limit_ = limit;
  client_left_ = never;
  deadline_ = limit.count() > 0 ? ticker_.now() + limit : never;
  if (expired_ != Cause::total) expired_ = Cause::none;
}

void Watch::arm_total(std::chrono::milliseconds limit, SteadyTime begin) noexcept {
  total_deadline_ = limit.count() > 0 ? begin + limit : never;
  if (expired_ == Cause::total) expired_ = Cause::none;
}

void Watch::arm_linger() noexcept {
  arm_total(linger_limit, ticker_.now());
  arm(Cause::linger, linger_pause);
}

// A peer that reads slowly takes its time for a piece of a body, and for what the kernel holds of it, and yet goes on.
void Watch::follow_writes(SteadyTime now) noexcept {
  const bool streams = cause_ == Cause::download || cause_ == Cause::upload || cause_ == Cause::stream ||
                       cause_ == Cause::websocket || cause_ == Cause::linger;
  if (!streams || deadline_ == never) return;
  const bool to_client = client_.writes_move();
  const bool to_upstream = upstream_ != nullptr && upstream_->transport.writes_move();
  if (to_client || to_upstream) deadline_ = now + limit_;
}

Watch::Cause Watch::due(SteadyTime now) {
  if (now >= total_deadline_) return Cause::total;
  follow_writes(now);
  if (now >= deadline_) return cause_;
  const bool may_end = cause_ == Cause::idle || cause_ == Cause::park || cause_ == Cause::websocket;
  if (drain_ != Drain::none && may_end) return Cause::drain;
  if (drain_ == Drain::over) return cause_ == Cause::linger ? Cause::drain : Cause::cut_off;  // lingers: has its answer
  // Asked once a tick, so that a quick answer never pays for it. An upload and a tunnel read from the client
  // themselves. A client that only ended its side gets what comes within a second.
  const bool awaits_upstream = cause_ == Cause::connect || cause_ == Cause::response || cause_ == Cause::download;
  if (awaits_upstream && client_.peer_gone()) {
    client_left_ = std::min(client_left_, now);
    if (now - client_left_ >= half_close_patience) return Cause::client_gone;
  }
  // Nor does an upload read from the client while the upstream does not take what has been read.
  if (cause_ == Cause::upload && client_.is_over()) return Cause::client_gone;
  if (permission_ != nullptr && !permission_->still_holds()) return Cause::no_longer_permitted;
  return Cause::none;
}

void Watch::on_tick(SteadyTime now) {
  if (expired_ == Cause::none) expired_ = due(now);
  if (expired_ == Cause::none) return;
  if (expired_ == Cause::cut_off) client_.reset_on_close();
  cancel();  // at every tick, until the session takes note: an operation may have begun after the last one
}

void Watch::end_all() noexcept {
  if (expired_ == Cause::none) expired_ = Cause::ended;
  cancel();
}

void Watch::cancel() noexcept {
  client_.cancel();
  if (upstream_ != nullptr) upstream_->cancel();
}

}  // namespace postern
