#include "filters/jose/algorithm.hpp"

#include <array>

namespace postern::jose {
namespace {

// HMAC keys are at least as long as the hash (RFC 7518 section 3.2), RSA moduli have 2048 bits (sections 3.3, 3.5).
constexpr std::array rows = {
    Algorithm{"RS256", Scheme::rsa_pkcs1, KeyType::rsa, "", "SHA2-256", 2048},
    Algorithm{"RS384", Scheme::rsa_pkcs1, KeyType::rsa, "", "SHA2-384", 2048},
    Algorithm{"RS512", Scheme::rsa_pkcs1, KeyType::rsa, "", "SHA2-512", 2048},
    Algorithm{"PS256", Scheme::rsa_pss, KeyType::rsa, "", "SHA2-256", 2048},
    Algorithm{"PS384", Scheme::rsa_pss, KeyType::rsa, "", "SHA2-384", 2048},
    Algorithm{"PS512", Scheme::rsa_pss, KeyType::rsa, "", "SHA2-512", 2048},
    Algorithm{"ES256", Scheme::ecdsa, KeyType::ec, "P-256", "SHA2-256", 0},
    Algorithm{"ES384", Scheme::ecdsa, KeyType::ec, "P-384", "SHA2-384", 0},
    Algorithm{"ES512", Scheme::ecdsa, KeyType::ec, "P-521", "SHA2-512", 0},
    Algorithm{"ES256K", Scheme::ecdsa, KeyType::ec, "secp256k1", "SHA2-256", 0},
    Algorithm{"EdDSA", Scheme::eddsa, KeyType::okp, "", "", 0},
    Algorithm{"HS256", Scheme::hmac, KeyType::oct, "", "SHA2-256", 256},
    Algorithm{"HS384", Scheme::hmac, KeyType::oct, "", "SHA2-384", 384},
    Algorithm{"HS512", Scheme::hmac, KeyType::oct, "", "SHA2-512", 512},
};

std::size_t index_of(const Algorithm& algorithm) noexcept {
  return static_cast<std::size_t>(&algorithm - rows.data());
}

}  // namespace

std::span<const Algorithm> algorithms() noexcept {
  return rows;
}

const Algorithm* find_algorithm(std::string_view name) noexcept {
  for (const Algorithm& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::string_view name_of(KeyType type) noexcept {
  switch (type) {
    case KeyType::oct:
      return "oct";
    case KeyType::rsa:
      return "RSA";
    case KeyType::ec:
      return "EC";
    case KeyType::okp:
      return "OKP";
  }
  return "";
}

void AlgorithmSet::add(const Algorithm& algorithm) {
  rows_.set(index_of(algorithm));
}

bool AlgorithmSet::holds(const Algorithm& algorithm) const noexcept {
  return rows_[index_of(algorithm)];
}

std::string AlgorithmSet::names() const {
  std::string names;
  for (const Algorithm& row : rows) {
    if (!holds(row)) continue;
    if (!names.empty()) names += ", ";
    names += row.name;
  }
  return names;
}

AlgorithmSet AlgorithmSet::asymmetric() {
  AlgorithmSet set;
  for (const Algorithm& row : rows) {
    if (row.scheme != Scheme::hmac) set.add(row);
  }
  return set;
}

AlgorithmSet AlgorithmSet::hs256() {
  AlgorithmSet set;
  set.add(*find_algorithm("HS256"));
  return set;
}

}  // namespace postern::jose
