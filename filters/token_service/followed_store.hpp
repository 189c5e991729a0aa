// A store and what it is known to have revoked: all that revoking needs, with or without a token service.
#pragma once

#include <cstdint>
#include <memory>

#include "filters/token_service/outcome.hpp"
#include "filters/token_service/revocations.hpp"
#include "filters/token_service/store_holder.hpp"
#include "gateway/crew.hpp"

namespace postern::token_service {

// Both are null where nothing can be revoked.
struct FollowedStore {
  std::shared_ptr<StoreHolder> store;
  std::shared_ptr<Revocations> revocations;
};

// Keeps it in the store, then in this process; others hear of it from the store. Gives its sequence number there.
// Refuses store_unavailable; then it may have been kept. `followed` is to live as long as the call.
Task<Outcome<std::uint64_t>> revoke(const FollowedStore& followed, state::Revocation revocation);

}  // namespace postern::token_service
