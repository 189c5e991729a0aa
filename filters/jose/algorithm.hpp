// Everything the program knows about a signature algorithm, one row each (RFC 7518 section 3.1, RFC 8037, RFC 8812).
// `none` is not a row.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace postern::jose {

enum class KeyType : std::uint8_t { oct, rsa, ec, okp };
enum class Scheme : std::uint8_t { hmac, rsa_pkcs1, rsa_pss, ecdsa, eddsa };

struct Algorithm {
  std::string_view name;  // the `alg` value, compared by exact case
  Scheme scheme;
  KeyType key_type;
  std::string_view curve;  // the `crv` value; empty where the key has none or any of the key type fits (EdDSA)
  const char* digest;      // OpenSSL's name; empty for EdDSA
  unsigned minimum_bits;   // of the key: RSA modulus, HMAC key; 0 where the curve decides
};

// All rows; a row's index is its place in AlgorithmSet.
std::span<const Algorithm> algorithms() noexcept;

// The row of that `alg`, or nullptr.
const Algorithm* find_algorithm(std::string_view name) noexcept;

// The `kty` value of a key type (RFC 7518 section 6.1, RFC 8037 section 2).
std::string_view name_of(KeyType type) noexcept;

// A set of rows, as an operator allows them.
class AlgorithmSet {
 public:
  void add(const Algorithm& algorithm);
  bool holds(const Algorithm& algorithm) const noexcept;
  bool empty() const noexcept { return rows_.none(); }
  std::string names() const;  // for messages: "RS256, ES256"

  static AlgorithmSet asymmetric();  // RS, PS, ES 256-384-512, ES256K, EdDSA
  static AlgorithmSet hs256();

 private:
  std::bitset<32> rows_;
};

}  // namespace postern::jose
