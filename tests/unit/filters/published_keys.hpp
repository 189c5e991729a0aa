// Keys that an issuer publishes, and whether the last fetch of them failed.
#pragma once

#include <memory>

#include "filters/keys/key_source.hpp"
#include "tests/unit/jose/mint.hpp"

namespace postern::filters {

// The shared key of RS256, by the name k1.
class Published final : public keys::KeySource {
 public:
  explicit Published(bool fails) : fails_(fails) {
    publish(std::make_shared<const jose::KeySet>(
        jose::parse_jwks(mint::jwks({mint::jwk(mint::shared_key("RS256"))}), false).value().keys));
  }
  ProviderStatus status() const override { return {}; }
  bool is_failing() const override { return fails_; }
  bool is_remote() const noexcept override { return true; }

 private:
  bool fails_;
};

}  // namespace postern::filters
