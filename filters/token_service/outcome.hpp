// What a step gives, or why its request is refused.
#pragma once

#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "state/store.hpp"

namespace postern::token_service {

template <class T>
using Outcome = tl::expected<T, Refusal>;

// To a client every failure of the store is the same; the detail is for the log.
inline Refusal refusal_of(const state::StoreError& error) {
  return Refusal(Reason::store_unavailable, error.detail);
}

}  // namespace postern::token_service
