// Making tokens: the other half of signature.hpp (RFC 7515 section 5.1, RFC 7518 section 3).
#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/secret.hpp"
#include "filters/jose/algorithm.hpp"
#include "filters/jose/jwk.hpp"

namespace postern::jose {

// A private key with the algorithm it signs by. Immutable and for any thread; each signature makes its own context.
class SigningKey {
 public:
  // A fresh key for any algorithm but HMAC's: RSA has 3072 bits, EdDSA is Ed25519.
  static tl::expected<SigningKey, std::string> generate(const Algorithm& algorithm);

  // Reads the first private key of a PEM text. Refuses an encrypted one, one that does not fit the algorithm (type,
  // curve, size), one that cannot sign, and one whose public part does not verify what it signs. The error holds
  // nothing of the text.
  static tl::expected<SigningKey, std::string> from_pem(const Secret& pem, const Algorithm& algorithm);

  Secret to_pem() const;  // PKCS #8 (RFC 5958), not encrypted; throws as sign() does

  // The RFC 7638 thumbprint of the public key: equal keys have it equal everywhere, nobody has to choose one.
  const std::string& kid() const noexcept { return public_key_.kid; }
  const Algorithm& algorithm() const noexcept { return *algorithm_; }
  // With kid, alg and `use` sig: verifies what this key signs and nothing else; to_jwk() publishes it.
  const Key& public_key() const noexcept { return public_key_; }

  // The compact serialisation of these JSON texts; the header's `alg` and `kid` are the caller's to write. Throws
  // std::runtime_error when OpenSSL fails, as without memory.
  std::string sign(std::string_view header, std::string_view payload) const;

 private:
  SigningKey(std::shared_ptr<EVP_PKEY> key, const Algorithm& algorithm, Key public_key);
  static tl::expected<SigningKey, std::string> make(std::shared_ptr<EVP_PKEY> key, const Algorithm& algorithm);
  static std::optional<std::string> fault_of_parts(const SigningKey& key);

  std::shared_ptr<EVP_PKEY> key_;
  const Algorithm* algorithm_;  // a row of algorithms()
  Key public_key_;
};

}  // namespace postern::jose
