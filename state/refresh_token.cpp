#include "state/refresh_token.hpp"

#include "base/base64.hpp"

namespace postern::state {
namespace {

constexpr std::size_t sid_bytes = 16, sid_characters = 22;
constexpr std::size_t secret_bytes = 32;

std::string random_bytes(std::size_t size, FillRandom random) {
  std::string bytes(size, '\0');
  random(bytes.data(), bytes.size());
  return bytes;
}

}  // namespace

std::optional<RefreshTokenText> parse_refresh_token(std::string_view text) {
  if (text.size() <= sid_characters || text[sid_characters] != '.') return std::nullopt;
  const std::string_view sid = text.substr(0, sid_characters);
  const auto sid_value = decode_base64url(sid);
  auto secret = decode_base64url(text.substr(sid_characters + 1));
  if (!sid_value || !secret || secret->size() != secret_bytes) return std::nullopt;
  return RefreshTokenText{std::string(sid), Secret(std::move(*secret))};
}

Secret format_refresh_token(const RefreshTokenText& token) {
  return Secret(token.sid + '.' + encode_base64url(token.secret.reveal()));
}

std::string make_sid(FillRandom random) {
  return encode_base64url(random_bytes(sid_bytes, random));
}

Secret make_refresh_secret(FillRandom random) {
  return Secret(random_bytes(secret_bytes, random));
}

TokenHash hash_refresh_secret(const Secret& secret) {
  return sha256(secret.reveal());
}

}  // namespace postern::state
