#include "filters/jose/key_material.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include <array>

#include "base/base64.hpp"
#include "filters/jose/detail.hpp"
#include "filters/jose/edwards_point.hpp"
#include "filters/jose/openssl_ptr.hpp"

namespace postern::jose {
namespace {

using Unusable = tl::unexpected<std::string>;

struct Curve {
  std::string_view name;  // `crv`
  const char* group;      // OpenSSL's name
  unsigned bits;
};

constexpr std::array ec_curves = {Curve{"P-256", "prime256v1", 256}, Curve{"P-384", "secp384r1", 384},
                                  Curve{"P-521", "secp521r1", 521}, Curve{"secp256k1", "secp256k1", 256}};
constexpr std::array okp_curves = {Curve{"Ed25519", "ED25519", 256}, Curve{"Ed448", "ED448", 456}};

const Curve* find_curve(std::span<const Curve> curves, std::string_view name) {
  for (const Curve& curve : curves) {
    if (curve.name == name) return &curve;
  }
  return nullptr;
}

std::string_view without_leading_zeros(std::string_view number) {
  const auto first = number.find_first_not_of('\0');
  return first == number.npos ? std::string_view() : number.substr(first);
}

unsigned bits_of(std::string_view number) {  // without leading zeros
  if (number.empty()) return 0;
  unsigned bits = static_cast<unsigned>(number.size() - 1) * 8;
  for (unsigned top = static_cast<unsigned char>(number.front()); top != 0; top >>= 1) ++bits;
  return bits;
}

bool is_odd(std::string_view number) {
  return !number.empty() && (number.back() & 1) != 0;
}

// RFC 7638: the SHA-256 of the required members in lexicographic order, without white space.
Thumbprint thumbprint_of(std::string_view canonical_json) {
  Thumbprint thumbprint;
  EVP_Q_digest(nullptr, "SHA2-256", nullptr, canonical_json.data(), canonical_json.size(), thumbprint.bytes.data(),
               nullptr);
  return thumbprint;
}

std::shared_ptr<EVP_PKEY> load(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return {key, EVP_PKEY_free};
}

std::shared_ptr<EVP_PKEY> load_rsa(std::string_view n, std::string_view e) {
  const BignumPtr modulus(BN_bin2bn(bytes_of(n), static_cast<int>(n.size()), nullptr));
  const BignumPtr exponent(BN_bin2bn(bytes_of(e), static_cast<int>(e.size()), nullptr));
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return nullptr;
  }
  return load("RSA", builder.get());
}

bool is_on_curve(EVP_PKEY* key) {
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const bool sound = context && EVP_PKEY_public_check(context.get()) == 1;
  if (!sound) ERR_clear_error();
  return sound;
}

std::shared_ptr<EVP_PKEY> load_ec(const Curve& curve, const std::string& x, const std::string& y) {
  const std::string point = '\x04' + x + y;  // uncompressed (SEC 1 section 2.3.3)
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return nullptr;
  }
  auto key = load("EC", builder.get());
  return key && is_on_curve(key.get()) ? key : nullptr;
}

// The coordinate in the field's full width, or nothing when it is longer.
std::optional<std::string> padded(std::string_view coordinate, std::size_t width) {
  coordinate = without_leading_zeros(coordinate);
  if (coordinate.size() > width) return std::nullopt;
  return std::string(width - coordinate.size(), '\0').append(coordinate);
}

}  // namespace

tl::expected<Key, std::string> make_rsa_key(std::string_view modulus, std::string_view exponent) {
  modulus = without_leading_zeros(modulus);
  exponent = without_leading_zeros(exponent);
  Key key;
  key.type = KeyType::rsa;
  key.bits = bits_of(modulus);
  if (key.bits < minimum_rsa_bits || key.bits > maximum_rsa_bits) {
    const bool small = key.bits < minimum_rsa_bits;
    return Unusable("RSA modulus has " + std::to_string(key.bits) + " bits, " +
                    (small ? std::to_string(minimum_rsa_bits) + " needed"
                           : "at most " + std::to_string(maximum_rsa_bits) + " allowed"));
  }
  if (!is_odd(modulus)) return Unusable("RSA modulus is even");
  if (!is_odd(exponent)) return Unusable("RSA exponent is even");
  if (exponent == std::string_view("\x01")) return Unusable("RSA exponent is 1, which verifies anything");
  if (bits_of(exponent) > maximum_rsa_exponent_bits) {
    return Unusable("RSA exponent has " + std::to_string(bits_of(exponent)) + " bits, at most " +
                    std::to_string(maximum_rsa_exponent_bits) + " allowed");
  }
  key.public_key = load_rsa(modulus, exponent);
  if (!key.public_key) return Unusable("RSA key is not accepted by OpenSSL");
  key.thumbprint = thumbprint_of(R"({"e":")" + encode_base64url(exponent) + R"(","kty":"RSA","n":")" +
                                 encode_base64url(modulus) + "\"}");
  return key;
}

tl::expected<Key, std::string> make_ec_key(std::string_view curve_name, std::string_view x, std::string_view y) {
  const Curve* curve = find_curve(ec_curves, curve_name);
  if (curve == nullptr) return Unusable("curve " + quoted(curve_name) + " is not supported for EC keys");
  const std::size_t width = (curve->bits + 7) / 8;
  const auto full_x = padded(x, width);
  const auto full_y = padded(y, width);
  if (!full_x || !full_y) return Unusable("a coordinate is longer than " + std::string(curve->name) + "'s field");
  Key key;
  key.type = KeyType::ec;
  key.curve = curve->name;
  key.bits = curve->bits;
  key.public_key = load_ec(*curve, *full_x, *full_y);
  if (!key.public_key) return Unusable("the point is not on " + key.curve);
  key.thumbprint = thumbprint_of(R"({"crv":")" + key.curve + R"(","kty":"EC","x":")" + encode_base64url(*full_x) +
                                 R"(","y":")" + encode_base64url(*full_y) + "\"}");
  return key;
}

tl::expected<Key, std::string> make_okp_key(std::string_view curve_name, std::string_view x) {
  const Curve* curve = find_curve(okp_curves, curve_name);
  if (curve == nullptr) return Unusable("curve " + quoted(curve_name) + " is not supported for OKP keys");
  Key key;
  key.type = KeyType::okp;
  key.curve = curve->name;
  key.bits = curve->bits;
  if (x.size() != (curve->bits + 7) / 8) {
    return Unusable(key.curve + " key has " + std::to_string(x.size()) + " bytes, " +
                    std::to_string((curve->bits + 7) / 8) + " needed");
  }
  if (auto complaint = judge_edwards_point(key.curve, x)) return Unusable(std::move(*complaint));
  key.public_key = {EVP_PKEY_new_raw_public_key_ex(nullptr, curve->group, nullptr, bytes_of(x), x.size()),
                    EVP_PKEY_free};
  if (!key.public_key) {
    ERR_clear_error();
    return Unusable(key.curve + " key is not accepted by OpenSSL");
  }
  key.thumbprint = thumbprint_of(R"({"crv":")" + key.curve + R"(","kty":"OKP","x":")" + encode_base64url(x) + "\"}");
  return key;
}

Key make_secret_key(Secret bytes, std::string kid) {
  Key key;
  key.kid = std::move(kid);
  key.type = KeyType::oct;
  key.bits = static_cast<unsigned>(bytes.reveal().size() * 8);
  key.thumbprint = thumbprint_of(R"({"k":")" + encode_base64url(bytes.reveal()) + R"(","kty":"oct"})");
  key.secret = std::move(bytes);
  return key;
}

}  // namespace postern::jose
