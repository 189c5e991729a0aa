#include "base/siphash.hpp"

#include <doctest/doctest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>
#include <string>

using namespace postern;

namespace {

// OpenSSL's SipHash with the same number of rounds.
std::uint64_t reference(const SipKey& key, const std::string& bytes) {
  unsigned compress = 1, finish = 3;
  std::size_t size = 8;
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &compress),
                                   OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &finish),
                                   OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
  unsigned char out[8] = {};
  std::size_t written = 0;
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
  CHECK(EVP_MAC_init(context, reinterpret_cast<const unsigned char*>(key.data()), sizeof key, parameters) == 1);
  CHECK(EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1);
  CHECK(EVP_MAC_final(context, out, &written, sizeof out) == 1);
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  CHECK(written == 8);
  std::uint64_t hash = 0;
  std::memcpy(&hash, out, sizeof hash);
  return hash;
}

}  // namespace

TEST_CASE("siphash13 gives what OpenSSL's SipHash-1-3 gives, for every length of the last word") {
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string bytes;
  for (int length = 0; length < 70; ++length) {
    CHECK(siphash13(key, bytes) == reference(key, bytes));
    bytes += static_cast<char>(length * 37);
  }
}

TEST_CASE("siphash13 gives the vector of the key 00..0f and the empty message") {
  CHECK(siphash13({0x0706050403020100, 0x0f0e0d0c0b0a0908}, "") == 0xabac0158050fc4dc);
}

TEST_CASE("two random keys differ") {
  CHECK(random_sip_key() != random_sip_key());
}
