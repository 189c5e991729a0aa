#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "filters/jose/checks.hpp"
#include "filters/jose/detail.hpp"

namespace postern::jose {
namespace {

// What a payload's `typ` calls a token that is no access token (Keycloak).
constexpr std::array<std::string_view, 3> other_kinds = {"id", "refresh", "offline"};

bool is_allowed(const Rules& rules, std::string_view kind) {
  return std::find(rules.types.begin(), rules.types.end(), kind) != rules.types.end();
}

Refusal type_refusal(std::string_view where, const Json& value, const Rules& rules) {
  return Refusal(Reason::type_mismatch,
                 std::string(where) + " is " + shown(value) + ", allowed are " + shown(rules.types));
}

Outcome check_header(const Json& header, const Rules& rules) {
  const Json* type = header.find("typ");
  if (type == nullptr) return std::nullopt;
  if (type->string() != nullptr && is_allowed(rules, bare_type(*type->string()))) return std::nullopt;
  return type_refusal("the header's `typ`", *type, rules);
}

Outcome check_payload(const Json& claims, const Rules& rules) {
  const Json* type = claims.find("typ");
  if (type != nullptr && type->string() != nullptr) {
    const std::string kind = lower(*type->string());
    const bool other = std::find(other_kinds.begin(), other_kinds.end(), kind) != other_kinds.end();
    if (other && !is_allowed(rules, kind)) return type_refusal("the payload's `typ`", *type, rules);
  }
  const Json* use = claims.find("token_use");  // Cognito
  if (use == nullptr) return std::nullopt;
  const std::string kind = use->string() != nullptr ? lower(*use->string()) : "";
  if (kind == "access" || is_allowed(rules, kind)) return std::nullopt;
  return type_refusal("`token_use`", *use, rules);
}

}  // namespace

std::string bare_type(std::string_view type) {
  constexpr std::string_view prefix = "application/";
  std::string bare = lower(type);
  if (bare.size() > prefix.size() && bare.starts_with(prefix)) bare.erase(0, prefix.size());
  return bare;
}

Outcome check_type(Judgement& judgement) {
  if (auto refusal = check_header(judgement.jws.header->members, judgement.rules)) return refusal;
  return check_payload(judgement.claims, judgement.rules);
}

std::string expected_type(const Judgement& judgement) {
  return shown(judgement.rules.types) + ", an access token";
}

std::string got_type(const Judgement& judgement) {
  const Json* header = judgement.jws.header->members.find("typ");
  std::string text = "typ " + (header == nullptr ? "absent" : shown(*header));
  if (const Json* type = judgement.claims.find("typ")) text += ", in the payload " + shown(*type);
  if (const Json* use = judgement.claims.find("token_use")) text += ", token_use " + shown(*use);
  return text;
}

}  // namespace postern::jose
