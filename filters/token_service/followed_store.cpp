#include "filters/token_service/followed_store.hpp"

#include <utility>

#include "filters/token_service/await_store.hpp"

namespace postern::token_service {

Task<Outcome<std::uint64_t>> revoke(const FollowedStore& followed, state::Revocation revocation) {
  auto call = [store = followed.store, revocation](state::Done<std::uint64_t> done) {
    if (const auto open = store->get()) open->revoke(revocation, std::move(done));
  };
  const auto kept = co_await await_store<std::uint64_t>(std::move(call));
  if (!kept) co_return tl::unexpected(refusal_of(kept.error()));
  followed.revocations->insert({&revocation, 1});
  co_return *kept;
}

}  // namespace postern::token_service
