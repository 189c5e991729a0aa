#include "filters/token_service/replies.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "filters/token_service/json_values.hpp"

namespace postern::token_service {
namespace {

constexpr std::array<std::string_view, 9> introspected_claims = {"scope", "client_id", "exp", "iat", "nbf",
                                                                 "sub",   "aud",       "iss", "jti"};

}  // namespace

std::string token_reply(const IssuedTokens& tokens, Delivery delivery) {
  const bool in_body = delivery != Delivery::cookies;
  Json::Object members;
  if (in_body) members.emplace_back("access_token", json_text(tokens.access_token));
  members.emplace_back("token_type", json_text("Bearer"));
  members.emplace_back("expires_in", json_seconds(tokens.expires_in));
  if (tokens.refresh_token) {
    if (in_body) members.emplace_back("refresh_token", json_text(tokens.refresh_token->reveal()));
    members.emplace_back("refresh_expires_in", json_seconds(tokens.refresh_expires_in));
  }
  if (!tokens.scope.empty()) members.emplace_back("scope", json_text(tokens.scope));
  return Json(std::move(members)).to_text();
}

std::string introspection_reply(const Json& access_claims) {
  Json::Object members = {{"active", Json(true)}, {"token_type", json_text("Bearer")}};
  for (const std::string_view name : introspected_claims) {
    if (const Json* claim = access_claims.find(name)) members.emplace_back(name, *claim);
  }
  return Json(std::move(members)).to_text();
}

std::string introspection_reply(const state::Family& family, state::Millis expires) {
  Json::Object members = {{"active", Json(true)},
                          {"sub", json_text(family.subject)},
                          {"client_id", json_text(family.client)},
                          {"exp", json_seconds(static_cast<double>(expires) / 1000)}};
  if (!family.scope.empty()) members.emplace_back("scope", json_text(family.scope));
  return Json(std::move(members)).to_text();
}

std::string inactive_reply() {
  return R"({"active":false})";
}

std::string metadata_reply(const MetadataFacts& facts) {
  const Json client_proofs = json_texts({"client_secret_basic", "client_secret_post"});
  // Logins' tokens need no client.
  const bool has_logins = std::find(facts.grants.begin(), facts.grants.end(), "refresh_token") != facts.grants.end();
  const Json token_proofs =
      has_logins ? json_texts({"client_secret_basic", "client_secret_post", "none"}) : client_proofs;
  Json::Object members = {
      {"issuer", json_text(facts.issuer)},
      {"token_endpoint", json_text(facts.base + "/token")},
      {"token_endpoint_auth_methods_supported", token_proofs},
      {"revocation_endpoint", json_text(facts.base + "/revoke")},
      {"revocation_endpoint_auth_methods_supported", token_proofs},
      {"introspection_endpoint", json_text(facts.base + "/introspect")},
      {"introspection_endpoint_auth_methods_supported", client_proofs},
      {"jwks_uri", json_text(facts.base + "/jwks.json")},
      {"grant_types_supported", json_texts(facts.grants)},  // left out it would mean authorization_code and implicit
      {"response_types_supported", json_texts({})},         // required; there is no authorization endpoint
  };
  if (!facts.scopes.empty()) members.emplace_back("scopes_supported", json_texts(facts.scopes));
  return Json(std::move(members)).to_text();
}

}  // namespace postern::token_service
