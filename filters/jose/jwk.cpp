#include "filters/jose/jwk.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "filters/jose/detail.hpp"
#include "filters/jose/key_material.hpp"

namespace postern::jose {
namespace {

using Unusable = tl::unexpected<std::string>;

// Absent and null both restrict nothing.
const Json* find_member(const Json& jwk, std::string_view name) {
  const Json* member = jwk.find(name);
  return member != nullptr && member->is_null() ? nullptr : member;
}

// Reads an optional string member into `out`. Returns false when it is of another type.
bool read_text(const Json& jwk, std::string_view name, std::optional<std::string>& out) {
  const Json* member = find_member(jwk, name);
  if (member == nullptr) return true;
  if (member->string() == nullptr) return false;
  out = *member->string();
  return true;
}

bool read_texts(const Json& jwk, std::string_view name, std::optional<std::vector<std::string>>& out) {
  const Json* member = find_member(jwk, name);
  if (member == nullptr) return true;
  if (member->array() == nullptr) return false;
  out.emplace();
  for (const Json& element : *member->array()) {
    if (element.string() == nullptr) return false;
    out->push_back(*element.string());
  }
  return true;
}

tl::expected<std::string, std::string> read_bytes(const Json& jwk, std::string_view name) {
  const Json* member = jwk.find(name);
  const std::string label(name);
  if (member == nullptr) return Unusable("`" + label + "` is missing");
  if (member->string() == nullptr) return Unusable("`" + label + "` is no string");
  auto bytes = decode_base64url(*member->string());
  if (!bytes) return Unusable("`" + label + "` is not base64url");
  if (bytes->empty()) return Unusable("`" + label + "` is empty");
  return std::move(*bytes);
}

tl::expected<Key, std::string> read_rsa(const Json& jwk) {
  const auto modulus = read_bytes(jwk, "n");
  if (!modulus) return Unusable(modulus.error());
  const auto exponent = read_bytes(jwk, "e");
  if (!exponent) return Unusable(exponent.error());
  return make_rsa_key(*modulus, *exponent);
}

tl::expected<Key, std::string> read_curve_key(const Json& jwk, KeyType type) {
  const Json* curve = jwk.find("crv");
  if (curve == nullptr || curve->string() == nullptr) return Unusable("`crv` is missing or no string");
  const auto x = read_bytes(jwk, "x");
  if (!x) return Unusable(x.error());
  if (type == KeyType::okp) return make_okp_key(*curve->string(), *x);
  const auto y = read_bytes(jwk, "y");
  if (!y) return Unusable(y.error());
  return make_ec_key(*curve->string(), *x, *y);
}

tl::expected<Key, std::string> read_secret(const Json& jwk) {
  auto bytes = read_bytes(jwk, "k");
  if (!bytes) return Unusable(bytes.error());
  Key key = make_secret_key(Secret(std::move(*bytes)));
  if (key.bits < minimum_secret_bits) {
    return Unusable("HMAC key has " + std::to_string(key.bits) + " bits, " + std::to_string(minimum_secret_bits) +
                    " needed");
  }
  return key;
}

tl::expected<Key, std::string> read_material(const Json& jwk, bool allow_secret) {
  const Json* kty = jwk.find("kty");
  if (kty == nullptr || kty->string() == nullptr) return Unusable("`kty` is missing or no string");
  const std::string& type = *kty->string();
  if (type == "RSA") return read_rsa(jwk);
  if (type == "EC") return read_curve_key(jwk, KeyType::ec);
  if (type == "OKP") return read_curve_key(jwk, KeyType::okp);
  if (type != "oct") return Unusable("`kty` " + quoted(type) + " is not supported");
  if (!allow_secret) return Unusable("a secret key (`kty` oct) is not taken from here");
  return read_secret(jwk);
}

bool may_verify(const Key& key) {
  return !key.key_ops || std::find(key.key_ops->begin(), key.key_ops->end(), "verify") != key.key_ops->end();
}

// Why no algorithm at all fits.
std::string unfit_reason(const Key& key) {
  if (key.use && *key.use != "sig") return "its `use` is " + quoted(*key.use) + ", not sig";
  if (!may_verify(key)) return "its `key_ops` do not name verify";
  return "its `alg` " + quoted(key.alg.value_or("")) + " is no signature algorithm for " + key.description();
}

}  // namespace

std::string Thumbprint::text() const {
  return encode_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool Key::fits(const Algorithm& algorithm) const noexcept {
  if (type != algorithm.key_type || bits < algorithm.minimum_bits) return false;
  if (!algorithm.curve.empty() && curve != algorithm.curve) return false;
  if (alg && *alg != algorithm.name) return false;
  if (use && *use != "sig") return false;
  return may_verify(*this);
}

std::string Key::description() const {
  const std::string name(name_of(type));
  return curve.empty() ? name + " " + std::to_string(bits) + " bits" : name + " " + curve;
}

tl::expected<Key, std::string> parse_jwk(const Json& jwk, bool allow_secret) {
  if (jwk.object() == nullptr) return Unusable("it is no JSON object");
  std::optional<std::string> kid;
  std::optional<std::string> alg;
  std::optional<std::string> use;
  std::optional<std::vector<std::string>> key_ops;
  if (!read_text(jwk, "kid", kid)) return Unusable("`kid` is no string");
  if (!read_text(jwk, "alg", alg)) return Unusable("`alg` is no string");
  if (!read_text(jwk, "use", use)) return Unusable("`use` is no string");
  if (!read_texts(jwk, "key_ops", key_ops)) return Unusable("`key_ops` is no array of strings");
  auto key = read_material(jwk, allow_secret);
  if (!key) return key;
  key->kid = std::move(kid).value_or("");
  key->alg = std::move(alg);
  key->use = std::move(use);
  key->key_ops = std::move(key_ops);
  const auto rows = algorithms();
  if (std::none_of(rows.begin(), rows.end(), [&](const Algorithm& row) { return key->fits(row); })) {
    return Unusable(unfit_reason(*key));
  }
  return key;
}

}  // namespace postern::jose
