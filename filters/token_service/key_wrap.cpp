#include "filters/token_service/key_wrap.hpp"

#include <string>

#include "base/base64.hpp"
#include "base/digest.hpp"

namespace postern::token_service {
namespace {

constexpr std::string_view version = "v1.";

Secret wrapping_key(const Secret& operator_secret, std::string_view kid) {
  return hkdf_sha256(operator_secret, kid, "postern signing key 1", aes_256_key_bytes);
}

tl::unexpected<std::string> unusable(std::string_view kid, std::string_view why) {
  return tl::unexpected("the signing key " + std::string(kid) + " " + std::string(why));
}

}  // namespace

Secret wrap_key(const Secret& pem, const Secret& operator_secret, std::string_view kid, std::string_view nonce) {
  const std::string sealed = seal_aes_256_gcm(wrapping_key(operator_secret, kid), nonce, pem.reveal(), kid);
  return Secret(std::string(version) + encode_base64url(std::string(nonce) + sealed));
}

tl::expected<Secret, std::string> unwrap_key(const Secret& wrapped, const Secret& operator_secret,
                                             std::string_view kid) {
  std::string_view text = wrapped.reveal();
  if (!text.starts_with(version)) return unusable(kid, "is not encrypted as `v1`");
  text.remove_prefix(version.size());
  const auto bytes = decode_base64url(text);
  if (!bytes || bytes->size() < gcm_nonce_bytes + gcm_tag_bytes) return unusable(kid, "is damaged");
  const std::string_view all = *bytes;
  auto pem = open_aes_256_gcm(wrapping_key(operator_secret, kid), all.substr(0, gcm_nonce_bytes),
                              all.substr(gcm_nonce_bytes), kid);
  if (!pem) return unusable(kid, "was encrypted with another secret, or is damaged");
  return std::move(*pem);
}

}  // namespace postern::token_service
