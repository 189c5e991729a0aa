// A small issuer for tests: makes keys, publishes them as JWK and signs anything, also what no issuer should.
// Independent of the code under test: OpenSSL's one-shot signing and a base64url encoder only.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <cstdio>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/base64.hpp"

namespace postern::mint {

struct SigningKey {
  std::string alg;
  std::string kid;
  std::shared_ptr<EVP_PKEY> pair;  // null for HMAC
  std::string secret;              // HMAC only
};

inline void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("mint: ") + what);
}

inline std::shared_ptr<EVP_PKEY> adopt(EVP_PKEY* pair) {
  require(pair != nullptr, "no key generated");
  return {pair, EVP_PKEY_free};
}

// A fresh key for `alg`; "Ed448" makes an EdDSA key on that curve. `rsa_bits` counts for RSA only.
inline SigningKey generate(std::string_view alg, std::string kid = "k1", std::size_t rsa_bits = 2048) {
  SigningKey key{std::string(alg), std::move(kid), nullptr, {}};
  const auto curve = [&](const char* name) { key.pair = adopt(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", name)); };
  if (alg.starts_with("HS")) {
    key.secret.resize(64);
    RAND_bytes(reinterpret_cast<unsigned char*>(key.secret.data()), 64);
  } else if (alg.starts_with("RS") || alg.starts_with("PS")) {
    key.pair = adopt(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", rsa_bits));
  } else if (alg == "EdDSA") {
    key.pair = adopt(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  } else if (alg == "Ed448") {
    key.alg = "EdDSA";
    key.pair = adopt(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448"));
  } else if (alg == "ES256K") {
    curve("secp256k1");
  } else {
    curve(alg == "ES256" ? "P-256" : alg == "ES384" ? "P-384" : "P-521");
  }
  return key;
}

inline std::string number_of(const SigningKey& key, const char* parameter, int width = 0) {
  BIGNUM* number = nullptr;
  require(EVP_PKEY_get_bn_param(key.pair.get(), parameter, &number) == 1, parameter);
  std::string bytes(static_cast<std::size_t>(width == 0 ? BN_num_bytes(number) : width), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  BN_free(number);
  return encode_base64url(bytes);
}

inline int curve_width(const SigningKey& key) {
  return (EVP_PKEY_get_bits(key.pair.get()) + 7) / 8;
}

// The members that carry the public key (an HMAC key's secret), without braces: `"kty":"RSA","n":"...","e":"AQAB"`.
inline std::string public_members(const SigningKey& key) {
  if (!key.pair) return R"("kty":"oct","k":")" + encode_base64url(key.secret) + '"';
  EVP_PKEY* const pair = key.pair.get();
  if (EVP_PKEY_is_a(pair, "RSA") == 1) {
    return R"("kty":"RSA","n":")" + number_of(key, OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
           number_of(key, OSSL_PKEY_PARAM_RSA_E) + '"';
  }
  if (EVP_PKEY_is_a(pair, "EC") == 1) {
    const std::string curve = key.alg == "ES256K"  ? "secp256k1"
                              : key.alg == "ES256" ? "P-256"
                              : key.alg == "ES384" ? "P-384"
                                                   : "P-521";
    return R"("kty":"EC","crv":")" + curve + R"(","x":")" + number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, curve_width(key)) +
           R"(","y":")" + number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve_width(key)) + '"';
  }
  std::string bytes(64, '\0');
  std::size_t length = bytes.size();
  require(EVP_PKEY_get_raw_public_key(pair, reinterpret_cast<unsigned char*>(bytes.data()), &length) == 1, "raw key");
  bytes.resize(length);
  return std::string(R"("kty":"OKP","crv":")") + (length == 32 ? "Ed25519" : "Ed448") + R"(","x":")" +
         encode_base64url(bytes) + '"';
}

// The key as a JWK with its kid; `more` adds members: `"use":"sig"`.
inline std::string jwk(const SigningKey& key, std::string_view more = {}) {
  std::string text = "{" + public_members(key);
  if (!key.kid.empty()) text += R"(,"kid":")" + key.kid + '"';
  if (!more.empty()) text += "," + std::string(more);
  return text + "}";
}

inline std::string jwks(std::initializer_list<std::string> keys) {
  std::string text = R"({"keys":[)";
  for (const std::string& key : keys) text += (text.back() == '[' ? "" : ",") + key;
  return text + "]}";
}

// A DER ECDSA signature as r||s.
inline std::string raw_ecdsa(std::string_view der, int width) {
  auto at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  require(pair != nullptr, "ECDSA");
  std::string raw(static_cast<std::size_t>(2 * width), '\0');
  auto out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, width);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + width, width);
  ECDSA_SIG_free(pair);
  return raw;
}

// The signature's bytes over any input, by `alg` (the key's own when empty). `pss_salt` in bytes, -1 for the hash's.
inline std::string sign_bytes(const SigningKey& key, std::string_view input, std::string_view alg = {},
                              int pss_salt = -1) {
  if (alg.empty()) alg = key.alg;
  const std::string digest = alg == "EdDSA" ? "" : "SHA" + std::string(alg.substr(2, 3));
  const auto bytes = reinterpret_cast<const unsigned char*>(input.data());
  std::string signature(1024, '\0');
  auto out = reinterpret_cast<unsigned char*>(signature.data());
  std::size_t length = signature.size();
  if (!key.pair) {
    unsigned hmac_length = 0;
    HMAC(EVP_get_digestbyname(digest.c_str()), key.secret.data(), static_cast<int>(key.secret.size()), bytes,
         input.size(), out, &hmac_length);
    return signature.substr(0, hmac_length);
  }
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* options = nullptr;
  require(EVP_DigestSignInit_ex(context.get(), &options, digest.empty() ? nullptr : digest.c_str(), nullptr, nullptr,
                                key.pair.get(), nullptr) == 1,
          "sign init");
  if (alg.starts_with("PS")) {
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, pss_salt);
  }
  require(EVP_DigestSign(context.get(), out, &length, bytes, input.size()) == 1, "sign");
  signature.resize(length);
  return alg.starts_with("ES") ? raw_ecdsa(signature, curve_width(key)) : signature;
}

// header.payload in base64url.
inline std::string signing_input(std::string_view header_json, std::string_view payload_json) {
  return encode_base64url(header_json) + "." + encode_base64url(payload_json);
}

// A compact token with exactly these headers and payload; nothing is added or checked.
inline std::string sign(const SigningKey& key, std::string_view header_json, std::string_view payload_json,
                        std::string_view alg = {}) {
  const std::string input = signing_input(header_json, payload_json);
  return input + "." + encode_base64url(sign_bytes(key, input, alg));
}

// The same with the usual header of the key: alg, kid, typ.
inline std::string sign(const SigningKey& key, std::string_view payload_json) {
  std::string header = R"({"alg":")" + key.alg + R"(","typ":"JWT")";
  if (!key.kid.empty()) header += R"(,"kid":")" + key.kid + '"';
  return sign(key, header + "}", payload_json);
}

// One key per type and curve for the whole test program, kid "k1": generating RSA keys is slow.
inline SigningKey shared_key(std::string_view alg) {
  static const SigningKey keys[] = {generate("RS256"),  generate("ES256"), generate("ES384"), generate("ES512"),
                                    generate("ES256K"), generate("EdDSA"), generate("HS256")};
  for (const SigningKey& key : keys) {
    if (key.alg == alg) return key;
  }
  SigningKey key = alg.starts_with("HS") ? keys[6] : keys[0];
  key.alg = alg;
  return key;
}

}  // namespace postern::mint
