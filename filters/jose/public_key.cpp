#include "filters/jose/public_key.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include <algorithm>

#include "base/base64.hpp"
#include "filters/jose/detail.hpp"
#include "filters/jose/key_material.hpp"
#include "filters/jose/openssl_ptr.hpp"

namespace postern::jose {
namespace {

using Unusable = tl::unexpected<std::string>;

// Big-endian, in as few bytes as it needs, but at least in `width`. Empty when the key has no such number.
std::string number_of(const EVP_PKEY* key, const char* parameter, std::size_t width = 0) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1) return {};
  const BignumPtr owner(number);
  std::string bytes(std::max(width, static_cast<std::size_t>(BN_num_bytes(number))), '\0');
  BN_bn2binpad(number, bytes_of(bytes), static_cast<int>(bytes.size()));
  return bytes;
}

std::string raw_public_key(const EVP_PKEY* key) {
  std::size_t length = 0;
  if (EVP_PKEY_get_raw_public_key(key, nullptr, &length) != 1) return {};
  std::string bytes(length, '\0');
  EVP_PKEY_get_raw_public_key(key, bytes_of(bytes), &length);
  return bytes;
}

// The JWK name of the key's curve, or OpenSSL's own, which make_ec_key() then refuses by name.
std::string curve_of(const EVP_PKEY* key) {
  std::string group(64, '\0');
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1) return {};
  group.resize(length);
  if (group == "prime256v1") return "P-256";
  if (group == "secp384r1") return "P-384";
  if (group == "secp521r1") return "P-521";
  return group;
}

tl::expected<Key, std::string> rebuild(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    return make_rsa_key(number_of(key, OSSL_PKEY_PARAM_RSA_N), number_of(key, OSSL_PKEY_PARAM_RSA_E));
  }
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    return make_ec_key(curve_of(key), number_of(key, OSSL_PKEY_PARAM_EC_PUB_X),
                       number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y));
  }
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return make_okp_key("Ed25519", raw_public_key(key));
  if (EVP_PKEY_is_a(key, "ED448") == 1) return make_okp_key("Ed448", raw_public_key(key));
  const char* type = EVP_PKEY_get0_type_name(key);
  return Unusable("key type " + quoted(type == nullptr ? "" : type) + " is not supported");
}

}  // namespace

tl::expected<Key, std::string> make_public_key(const EVP_PKEY* key) {
  auto rebuilt = rebuild(key);
  ERR_clear_error();
  return rebuilt;
}

Json to_jwk(const Key& key) {
  const EVP_PKEY* const material = key.public_key.get();
  Json::Object members = {{"kty", Json(std::string(name_of(key.type)))}};
  const auto add = [&](const char* name, std::string text) { members.emplace_back(name, Json(std::move(text))); };
  if (!key.curve.empty()) add("crv", key.curve);
  if (key.type == KeyType::ec) {
    const std::size_t width = (key.bits + 7) / 8;  // RFC 7518 section 6.2.1.2
    add("x", encode_base64url(number_of(material, OSSL_PKEY_PARAM_EC_PUB_X, width)));
    add("y", encode_base64url(number_of(material, OSSL_PKEY_PARAM_EC_PUB_Y, width)));
  } else if (key.type == KeyType::okp) {
    add("x", encode_base64url(raw_public_key(material)));
  } else if (key.type == KeyType::rsa) {
    add("n", encode_base64url(number_of(material, OSSL_PKEY_PARAM_RSA_N)));
    add("e", encode_base64url(number_of(material, OSSL_PKEY_PARAM_RSA_E)));
  }
  if (!key.kid.empty()) add("kid", key.kid);
  if (key.alg) add("alg", *key.alg);
  if (key.use) add("use", *key.use);
  return Json(std::move(members));
}

}  // namespace postern::jose
