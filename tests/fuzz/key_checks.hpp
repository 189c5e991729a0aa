// What must hold of a key that was loaded, wherever it came from.
#pragma once

#include "base/base64.hpp"
#include "filters/jose/jwks.hpp"
#include "filters/jose/key_material.hpp"
#include "filters/jose/signature.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/unit/jose/mint.hpp"

namespace postern::fuzz {

inline std::string curve_algorithm(const jose::Key& key) {
  if (key.curve == "secp256k1") return "ES256K";
  return key.curve == "P-256" ? "ES256" : key.curve == "P-384" ? "ES384" : "ES512";
}

// The key that OpenSSL holds, written as a JWK and read again, is the same key.
inline void check_material(const jose::Key& key) {
  const std::string jwk = mint::jwk({curve_algorithm(key), {}, key.public_key, std::string(key.secret.reveal())});
  const auto again = jose::parse_jwk(parse_json(jwk).value(), true);
  require(again && again->thumbprint == key.thumbprint && again->bits == key.bits && again->curve == key.curve,
          "the loaded key is the one that its thumbprint names");
}

// Signatures that anybody can write without a key: zeros; ones; and for EdDSA the neutral point with the scalar 0,
// which verifies any message under a key of small order.
inline void check_no_free_signature(const jose::Key& key, const jose::Algorithm& algorithm) {
  const std::size_t size = key.type == jose::KeyType::ec    ? (key.bits + 7) / 8 * 2
                           : key.type == jose::KeyType::okp ? (key.curve == "Ed25519" ? 64 : 114)
                           : key.type == jose::KeyType::rsa ? (key.bits + 7) / 8
                                                            : 32;
  std::string neutral(size, '\0');
  neutral[0] = 1;
  std::string one(size, '\0');
  one.back() = 1;
  jose::SignatureContexts contexts;
  for (const std::string& signature : {std::string(), std::string(size, '\0'), neutral, one}) {
    for (const std::string_view message : {"a.a", "a.b", "a.c", "a.d", "a.e", "a.f", "a.g", "a.h"}) {
      require(!contexts.verify(key, algorithm, message, signature), "no signature verifies that anybody can write");
    }
  }
}

inline void check_key(const jose::Key& key, bool allow_secret) {
  const bool oct = key.type == jose::KeyType::oct;
  require(allow_secret || !oct, "a secret comes only from where it may");
  require(oct == !key.public_key && oct == !key.secret.empty(), "a key is either public or a secret");
  require(key.type != jose::KeyType::rsa || (key.bits >= jose::minimum_rsa_bits && key.bits <= jose::maximum_rsa_bits),
          "an RSA key is neither weak nor slow");
  require(!oct || key.bits >= jose::minimum_secret_bits, "a secret is long enough for some hash");
  require(oct || EVP_PKEY_get_bits(key.public_key.get()) > 0, "OpenSSL knows the key");
  require(key.thumbprint != jose::Thumbprint{}, "a key has a thumbprint");
  check_material(key);
  bool fits_one = false;
  for (const jose::Algorithm& algorithm : jose::algorithms()) {
    if (!key.fits(algorithm)) continue;
    fits_one = true;
    require(!key.alg || *key.alg == algorithm.name, "a key verifies no algorithm but its own");
    require(!key.use || *key.use == "sig", "a key of another use verifies nothing");
    require(key.bits >= algorithm.minimum_bits, "a key is long enough for its algorithm");
    check_no_free_signature(key, algorithm);
  }
  require(fits_one, "a key that fits no algorithm is not loaded");
}

// Whom the set names for each of its own kids and algorithms.
inline void check_candidates(const jose::KeySet& set) {
  for (const jose::Key& owner : set.keys()) {
    require(set.knows(owner.kid) && set.holds(owner.thumbprint), "a set knows its keys");
    for (const jose::Algorithm& algorithm : jose::algorithms()) {
      const auto candidates = set.candidates(owner.kid, algorithm);
      require(candidates.size() <= jose::Candidates::capacity, "candidates are few");
      require(owner.kid.empty() || candidates.size() <= 1, "a kid names one key or none");
      for (const jose::Key* key : candidates) {
        require(key->fits(algorithm), "a candidate fits the algorithm");
        require(owner.kid.empty() || key->kid == owner.kid, "a candidate has the kid that was asked for");
      }
    }
  }
}

}  // namespace postern::fuzz
