// Signing keys on demand.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "filters/token_service/await_store.hpp"
#include "filters/token_service/signing_keys.hpp"

namespace postern::token_service {

state::SigningKeySet SigningKeys::known() const {
  const std::lock_guard lock(mutex_);
  return records();
}

Task<SigningKeys::Made> SigningKeys::rotate() {
  const Executor executor = co_await current_executor();
  const auto waiter = std::make_shared<Handoff<Made>>(executor);
  boost::asio::post(io_, [self = shared_from_this(), waiter] { self->demand(waiter); });
  std::optional<Made> made = co_await waiter->wait(std::chrono::steady_clock::now() + store_deadline);
  if (made) co_return std::move(*made);
  co_return tl::unexpected(std::string("the store does not answer"));
}

void SigningKeys::demand(const Demand& demand) {
  if (demands_.empty()) offered_.clear();  // what was made before is no answer
  demands_.push_back(demand);
  if (!loading_) load();
}

std::optional<state::DueKey> SigningKeys::demanded(const state::SigningKeySet& set, state::Millis now,
                                                   const state::KeySchedule& schedule) {
  if (demands_.empty()) return std::nullopt;
  const bool is_there = std::any_of(set.keys.begin(), set.keys.end(), [&](const state::SigningKeyRecord& key) {
    return key.kid == offered_ && key.signs_from <= now;
  });
  if (!is_there) return state::demanded_key(now, schedule, true);  // for the first time, or another gateway was quicker
  spdlog::info("token_service: the signing key {} was demanded and signs from now on", offered_);
  answer_demands({});
  return std::nullopt;
}

void SigningKeys::answer_demands(const Made& made) {
  for (const Demand& demand : std::exchange(demands_, {})) Handoff<Made>::bring(demand, made);
}

}  // namespace postern::token_service
