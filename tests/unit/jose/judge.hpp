// Shorthand for tests of verify(): one provider, one key, a valid token to start from.
#pragma once

#include <string>
#include <string_view>

#include "filters/jose/verify.hpp"
#include "tests/unit/jose/mint.hpp"

namespace postern::jose {

inline constexpr double test_now = 1700000000;

inline AlgorithmSet only(std::initializer_list<std::string_view> names) {
  AlgorithmSet set;
  for (const std::string_view name : names) set.add(*find_algorithm(name));
  return set;
}

inline KeySet key_set(std::initializer_list<std::string> jwks, bool allow_secret = true) {
  return parse_jwks(mint::jwks(jwks), allow_secret).value().keys;
}

// Accepts tokens of `valid_payload()`.
inline Rules test_rules() {
  Rules rules;
  rules.provider = "shop";
  rules.issuers = {"https://id.example.com"};
  rules.audiences = {"orders-api"};
  rules.algorithms = only({"ES256"});
  return rules;
}

// A valid payload; `more` adds members: `,"nbf":1`.
inline std::string valid_payload(std::string_view more = {}) {
  return R"({"iss":"https://id.example.com","aud":"orders-api","exp":1700000300,"sub":"u1")" + std::string(more) + "}";
}

// A payload whose `exp` member is replaced by this text (none when empty).
inline std::string with_exp(std::string_view exp) {
  const std::string member = exp.empty() ? "" : R"(,"exp":)" + std::string(exp);
  return R"({"iss":"https://id.example.com","aud":"orders-api")" + member + "}";
}

inline std::string with_aud(std::string_view aud) {
  const std::string member = aud.empty() ? "" : R"(,"aud":)" + std::string(aud);
  return R"({"iss":"https://id.example.com","exp":1700000300)" + member + "}";
}

inline std::string with_iss(std::string_view iss) {
  const std::string member = iss.empty() ? "" : R"("iss":)" + std::string(iss) + ",";
  return "{" + member + R"("aud":"orders-api","exp":1700000300})";
}

// How the token ends: parsed, then judged by these rules and keys at `now`.
inline Refusal judge_token(std::string_view text, const Rules& rules, const KeySet& keys, double now = test_now) {
  auto token = parse_token(text);
  if (!token) return token.error();
  SignatureContexts contexts;
  const auto claims = verify(*token, rules, keys, now, contexts);
  return claims ? Refusal() : claims.error();
}

// The same for a payload, signed with the shared ES256 key.
inline Refusal judge(std::string_view payload, const Rules& rules = test_rules(), double now = test_now) {
  const mint::SigningKey key = mint::shared_key("ES256");
  return judge_token(mint::sign(key, payload), rules, key_set({mint::jwk(key)}), now);
}

inline Reason reason_of(std::string_view payload, const Rules& rules = test_rules(), double now = test_now) {
  return judge(payload, rules, now).reason;
}

}  // namespace postern::jose
