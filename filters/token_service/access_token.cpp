#include "filters/token_service/access_token.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "conf/token_service.hpp"
#include "filters/token_service/json_values.hpp"

namespace postern::token_service {
namespace {

Json audience(const std::vector<std::string>& audiences) {
  return audiences.size() == 1 ? json_text(audiences.front()) : json_texts(audiences);
}

bool may_enter(std::string_view name, std::span<const std::string> access_claims) {
  return !conf::is_reserved_claim(name) &&
         std::find(access_claims.begin(), access_claims.end(), name) != access_claims.end();
}

}  // namespace

void end_by(AccessFacts& facts, double instant) noexcept {
  facts.expires = std::min(facts.expires, std::floor(instant));
}

std::string access_header(std::string_view alg, std::string_view kid) {
  return Json(Json::Object{{"alg", json_text(alg)}, {"kid", json_text(kid)}, {"typ", json_text("at+jwt")}}).to_text();
}

std::string access_payload(const AccessFacts& facts) {
  Json::Object claims = {{"iss", json_text(facts.issuer)},       {"sub", json_text(facts.subject)},
                         {"aud", audience(facts.audiences)},     {"client_id", json_text(facts.client)},
                         {"iat", json_seconds(facts.issued_at)}, {"exp", json_seconds(facts.expires)},
                         {"jti", json_text(facts.jti)}};
  if (!facts.sid.empty()) claims.emplace_back("sid", json_text(facts.sid));
  if (!facts.scope.empty()) claims.emplace_back("scope", json_text(facts.scope));
  if (facts.auth_time != 0) claims.emplace_back("auth_time", json_seconds(facts.auth_time));
  if (facts.user_claims != nullptr && facts.user_claims->object() != nullptr) {
    for (const Json::Member& member : *facts.user_claims->object()) {
      if (may_enter(member.first, facts.access_claims)) claims.push_back(member);
    }
  }
  return Json(std::move(claims)).to_text();
}

}  // namespace postern::token_service
