// A token's claims against a provider's and a route's rules: time, audience, type, binding, claims, scopes. What the
// rules ask for holds of accepted claims, taking it away refuses them with its own reason, and nothing else matters:
// neither the order of the members nor one that no rule names.
#include <algorithm>
#include <cmath>
#include <limits>

#include "filters/jose/checks.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;
using namespace postern::jose;

constexpr double now = 1'700'000'000;

Json json_of(std::string_view text) {
  return parse_json(text).value();
}

Rules provider_rules() {
  Rules rules;
  rules.provider = "shop";
  rules.issuers = {"https://id.example.com", "https://old.example.com/"};
  rules.audiences = {"orders-api", "billing-api"};
  rules.algorithms = AlgorithmSet::asymmetric();
  rules.max_lifetime = 3600;
  rules.claims = {
      {ClaimPath::from_text("sub"), ClaimRule::Present{}},
      {ClaimPath::from_text("email_verified"), ClaimRule::Equals{Json(true)}},
      {ClaimPath::from_text("email"), ClaimRule::Matches{Pattern::compile("[a-z.]+@example\\.com").value()}}};
  return rules;
}

RouteRules route_rules() {
  RouteRules rules;
  rules.claims = {
      {ClaimPath::from_text("realm_access.roles"), ClaimRule::Contains{Json(std::string("orders"))}},
      {ClaimPath::from_segments({"tiers", "0"}), ClaimRule::OneOf{{Json(std::string("gold")), json_of("2")}}}};
  rules.scopes = {"orders:read", "orders:write"};
  rules.scope_match = Match::any;
  return rules;
}

const Rules rules = provider_rules();
const RouteRules route = route_rules();
const JoseHeader header{json_of(R"({"alg":"ES256","typ":"at+jwt"})"), "ES256", ""};
const CompactToken jws{"", "", std::make_shared<const JoseHeader>(header), {}, {}};

// Every check of the provider that needs no key, then the route's, as far as the first that refuses.
Refusal decide(const Json& claims, double at = now) {
  Judgement judgement{jws, claims, rules, nullptr, nullptr, at};
  for (const Check& check : provider_checks()) {
    if (check.needs != Needs::token) continue;
    auto refusal = check.run(judgement);
    require(is_printable(check.expected(judgement)) && is_printable(check.got(judgement)),
            "an explanation is printable, whatever was sent");
    if (refusal) return *refusal;
  }
  if (auto refusal = check_claim_rules(claims, route.claims, CheckedBy::route)) return *refusal;
  return check_scopes(claims, route).value_or(Refusal());
}

Reason reason_of(const Json& claims, double at = now) {
  return decide(claims, at).reason;
}

Json::Object without(const Json& claims, std::string_view name) {
  Json::Object members = *claims.object();
  std::erase_if(members, [&](const Json::Member& member) { return member.first == name; });
  return members;
}

Json with(const Json& claims, const std::string& name, Json value) {
  Json::Object members = without(claims, name);
  members.emplace_back(name, std::move(value));
  return Json(std::move(members));
}

bool is_text(const Json* value, std::string_view text) {
  return value != nullptr && value->string() != nullptr && *value->string() == text;
}

bool holds_text(const Json* value, std::string_view text) {
  if (is_text(value, text)) return true;
  if (value == nullptr || value->array() == nullptr) return false;
  return std::any_of(value->array()->begin(), value->array()->end(),
                     [&](const Json& one) { return is_text(&one, text); });
}

bool has_scope(const Json& claims, std::string_view scope) {
  for (const std::string_view name : {"scope", "scp"}) {
    const Json* value = claims.find(name);
    if (holds_text(value, scope)) return true;
    const std::string* words = value == nullptr ? nullptr : value->string();
    const std::string padded = words == nullptr ? "" : " " + *words + " ";
    if (padded.find(" " + std::string(scope) + " ") != padded.npos) return true;
  }
  return false;
}

// What must hold of accepted claims, said without the rules' own code.
void check_accepted(const Json& claims) {
  require(is_text(claims.find("iss"), rules.issuers[0]) || is_text(claims.find("iss"), rules.issuers[1]),
          "the issuer is one of the rules', byte for byte");
  require(holds_text(claims.find("aud"), "orders-api") || holds_text(claims.find("aud"), "billing-api"),
          "the audience is one of the rules'");
  const Json *expires = claims.find("exp"), *issued = claims.find("iat"), *begins = claims.find("nbf");
  require(expires != nullptr && issued != nullptr, "a maximum lifetime needs exp and iat");
  require(expires->as_double().value() > now - 60, "the token is not expired");
  require(issued->as_double().value() <= now + 60, "the token was issued");
  require(begins == nullptr || begins->as_double().value() <= now + 60, "the token is valid already");
  require(*expires->as_double() - *issued->as_double() <= 3600, "the token does not live too long");
  require(claims.find("cnf") == nullptr, "the token is bound to no key");
  require(claims.find("sub") != nullptr && !claims.find("sub")->is_null(), "a required claim is there");
  require(claims.find("email_verified")->boolean() != nullptr || claims.find("email_verified")->array() != nullptr,
          "the text \"true\" is not true");
  require(has_scope(claims, "orders:read") || has_scope(claims, "orders:write"), "a scope is held");
}

// Each thing that the rules ask for, taken away or spoilt, refuses accepted claims with its own reason.
void check_each_rule_counts(const Json& claims) {
  const auto lacks = [&](std::string_view name) { return reason_of(Json(without(claims, name))); };
  require(lacks("iss") == Reason::issuer_unknown, "without iss: issuer_unknown");
  require(lacks("aud") == Reason::audience_mismatch, "without aud: audience_mismatch");
  for (const std::string_view name : {"exp", "iat", "sub", "email", "email_verified"}) {
    require(lacks(name) == Reason::claim_missing, "without a required claim: claim_missing");
  }
  const auto spoilt = [&](const char* name, std::string_view value) {
    return reason_of(with(claims, name, json_of(value)));
  };
  require(spoilt("iss", R"("https://id.example.com/")") == Reason::issuer_unknown, "a final slash is another issuer");
  require(spoilt("aud", R"(["orders-api",1])") == Reason::audience_mismatch, "an audience is a text");
  require(spoilt("exp", R"("1700000300")") == Reason::token_malformed, "a date is a number");
  require(spoilt("nbf", "1700000061") == Reason::token_not_yet_valid, "nbf ahead of the leeway");
  require(spoilt("cnf", "{}") == Reason::proof_missing, "a bound token needs its proof");
  require(spoilt("typ", R"("Refresh")") == Reason::type_mismatch, "a refresh token is no access token");
  require(spoilt("token_use", R"("id")") == Reason::type_mismatch, "an ID token is no access token");
  require(spoilt("email_verified", R"("true")") == Reason::claim_mismatch, "the types of values must agree");
  require(spoilt("email", R"("a@example.com.evil.example")") == Reason::claim_mismatch, "a pattern matches the whole");
  require(reason_of(Json(without(Json(without(claims, "scope")), "scp"))) == Reason::scope_insufficient,
          "without its scopes: scope_insufficient");
}

// Accepted up to the last instant before `exp` plus leeway; expired from there on.
void check_expiry(const Json& claims) {
  const double end = claims.find("exp")->as_double().value() + rules.leeway;
  const double before = std::nextafter(end, -std::numeric_limits<double>::infinity());
  require(reason_of(claims, before) == Reason::accepted, "a token is good until it expires");
  for (const double at : {end, end + 1, end + 1e9}) {
    require(reason_of(claims, at) == Reason::token_expired, "an expired token stays expired");
  }
}

Verdict judge(std::string_view input) {
  const auto claims = parse_json(input);
  if (!claims || claims->object() == nullptr) return refused("not a JSON object");
  const Refusal decision = decide(*claims);
  Json::Object reversed = *claims->object();
  std::reverse(reversed.begin(), reversed.end());
  require(reason_of(Json(reversed)) == decision.reason, "the order of the claims does not matter");
  require(reason_of(with(*claims, "of no rule", json_of("[null]"))) == decision.reason, "other claims do not matter");
  require(reason_of(json_of(claims->to_text())) == decision.reason, "the spelling of the claims does not matter");
  if (decision.reason != Reason::accepted) return refused(decision);
  check_accepted(*claims);
  check_each_rule_counts(*claims);
  check_expiry(*claims);
  return accepted();
}

}  // namespace

POSTERN_FUZZ_TARGET("claims")
