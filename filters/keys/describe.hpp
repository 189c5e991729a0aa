// What may be told of keys: never their material, and nothing of a secret but its length.
#pragma once

#include <vector>

#include "filters/jose/jwks.hpp"
#include "gateway/provider_status.hpp"

namespace postern::keys {

std::vector<ProviderStatus::Key> describe(const jose::KeySet& keys);

}  // namespace postern::keys
