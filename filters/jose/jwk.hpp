// One key (RFC 7517), loaded once into OpenSSL and never parsed again.
#pragma once

#include <openssl/types.h>

#include <array>
#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/json.hpp"
#include "base/secret.hpp"
#include "filters/jose/algorithm.hpp"

namespace postern::jose {

// What a key is known by: SHA-256 of its required members (RFC 7638). Equal keys have equal ones.
struct Thumbprint {
  std::array<unsigned char, 32> bytes{};

  std::string text() const;  // base64url, as in RFC 7638
  auto operator<=>(const Thumbprint&) const = default;
};

// A verification key. Shared by all workers, immutable; what OpenSSL needs to mutate lives in SignatureContexts.
struct Key {
  std::string kid;  // empty when the key has none
  KeyType type = KeyType::oct;
  std::string curve;               // `crv` for ec and okp
  unsigned bits = 0;               // RSA modulus, HMAC key, or the curve's
  std::optional<std::string> alg;  // restricts when present
  std::optional<std::string> use;  // the same
  std::optional<std::vector<std::string>> key_ops;
  Thumbprint thumbprint;
  std::shared_ptr<EVP_PKEY> public_key;  // null for oct
  Secret secret;                         // oct only

  // Whether this key may verify `algorithm`: type, curve, size, `use`, `key_ops` and `alg` all fit.
  bool fits(const Algorithm& algorithm) const noexcept;

  // For messages: "RSA 2048 bits", "EC P-256".
  std::string description() const;
};

// Reads a JWK. The error names what makes it unusable ("RSA modulus has 1024 bits, 2048 needed"); a key that may verify
// nothing (for encryption, of another `alg`) is unusable too. Private members are not read. `oct` keys are accepted
// only where `allow_secret` says so, i.e. never from a URL.
tl::expected<Key, std::string> parse_jwk(const Json& jwk, bool allow_secret);

// An HMAC key from raw bytes. One shorter than 32 bytes fits no algorithm.
Key make_secret_key(Secret bytes, std::string kid = {});

}  // namespace postern::jose
