#include "gateway/watch.hpp"

#include <algorithm>

#include "gateway/upstream_pool.hpp"

namespace postern {
namespace {

constexpr std::chrono::milliseconds half_close_patience{1000};

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

// A peer that reads slowly takes its time for a piece of a body, and yet goes on.
void Watch::follow_writes(SteadyTime now) noexcept {
  const bool streams = cause_ == Cause::download || cause_ == Cause::upload || cause_ == Cause::stream;
  if (!streams || deadline_ == never) return;
  const bool to_client = client_.write_moves();
  const bool to_upstream = upstream_ != nullptr && upstream_->transport.write_moves();
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
  if (permission_ != nullptr && !permission_->still_holds()) return Cause::no_longer_permitted;
  return Cause::none;
}

void Watch::on_tick(SteadyTime now) {
  if (expired_ == Cause::none) expired_ = due(now);
  if (expired_ == Cause::none) return;
  if (expired_ == Cause::cut_off) client_.reset_on_close();
  // At every tick, until the session takes note: an operation may have begun after the last cancel.
  client_.cancel();
  if (upstream_ != nullptr) upstream_->cancel();
}

}  // namespace postern
