// From the store's callbacks to coroutines.
#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "gateway/crew.hpp"
#include "state/store.hpp"

namespace postern::token_service {

// No answer in this time counts as a store that cannot be reached; the call may have happened all the same.
inline constexpr std::chrono::seconds store_deadline{5};

// Runs `call(done)`, which makes one call of a store, and comes back to the caller's executor with its outcome. To be called
// with a named `call` that is moved.
template <class T, class Call>
Task<tl::expected<T, state::StoreError>> await_store(Call call) {
  using Outcome = tl::expected<T, state::StoreError>;
  const Executor executor = co_await current_executor();
  const auto handoff = std::make_shared<Handoff<Outcome>>(executor);
  call(state::Done<T>([handoff](Outcome outcome) { Handoff<Outcome>::bring(handoff, std::move(outcome)); }));
  auto outcome = co_await handoff->wait(std::chrono::steady_clock::now() + store_deadline);
  if (outcome) co_return std::move(*outcome);
  co_return tl::unexpected(state::StoreError{state::StoreError::Kind::unreachable, "the store does not answer"});
}

}  // namespace postern::token_service
