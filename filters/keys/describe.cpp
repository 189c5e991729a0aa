#include "filters/keys/describe.hpp"

namespace postern::keys {
std::vector<ProviderStatus::Key> describe(const jose::KeySet& keys) {
  std::vector<ProviderStatus::Key> all;
  for (const jose::Key& key : keys.keys()) {
    all.push_back({.kid = key.kid,
                   .kty = std::string(jose::name_of(key.type)),
                   .alg = key.alg.value_or(""),
                   .use = key.use.value_or(""),
                   .bits = key.bits});
  }
  return all;
}

}  // namespace postern::keys
