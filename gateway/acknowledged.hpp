// Before a connection is reset or closed: what its peer has not acknowledged would be lost.
#pragma once

#include <chrono>

#include "gateway/executor.hpp"
#include "gateway/transport.hpp"
#include "gateway/watch.hpp"

namespace postern {

// Until `over()`, which is asked every few milliseconds, or until a deadline of the watch has passed.
template <class Over>
Task<void> look_until(Executor executor, const Watch& watch, Over over) {
  constexpr std::chrono::milliseconds look{10};
  SteadyTimer timer(executor);
  while (watch.expired() == Watch::Cause::none && !over()) {
    timer.expires_after(look);
    co_await timer.async_wait(as_result);
  }
}

// Until a reset takes nothing from the peer of `to`, whose deadline moves on while it takes something.
inline Task<void> deliver_all(Executor executor, const Watch& watch, const Transport& to) {
  const auto delivered = [&to] { return to.may_reset(); };
  return look_until(executor, watch, delivered);
}

}  // namespace postern
