#include <doctest/doctest.h>

#include "tests/unit/jose/judge.hpp"

namespace postern::jose {
namespace {

struct Case {
  std::string name;
  std::string token;
};

// Tokens that end in every way; judged by test_rules() with the shared ES256 key.
std::vector<Case> cases() {
  const mint::SigningKey key = mint::shared_key("ES256");
  const auto signed_with = [&](std::string_view more) { return mint::sign(key, valid_payload(more)); };
  return {{"valid", signed_with("")},
          {"malformed", "a.b"},
          {"algorithm", mint::sign(mint::shared_key("RS256"), valid_payload())},
          {"unknown algorithm", mint::sign(key, R"({"alg":"none"})", valid_payload(), "ES256")},
          {"issuer", mint::sign(key, R"({"iss":"x"})")},
          {"kid", mint::sign(key, R"({"alg":"ES256","kid":"?"})", valid_payload())},
          {"signature", mint::sign(mint::generate("ES256"), valid_payload())},
          {"expired", mint::sign(key, R"({"iss":"https://id.example.com","aud":"orders-api","exp":1})")},
          {"no exp", mint::sign(key, R"({"iss":"https://id.example.com","aud":"orders-api"})")},
          {"audience", mint::sign(key, R"({"iss":"https://id.example.com","aud":"x","exp":1700000300})")},
          {"type", signed_with(R"(,"typ":"ID")")},
          {"bound", signed_with(R"(,"cnf":{})")},
          {"groups", signed_with(R"(,"groups":["g"])")},
          {"groups and scope", signed_with(R"(,"groups":["g"],"scope":"w")")},
          {"all", signed_with(R"(,"groups":["g"],"scope":"w","tenant":"t")")}};
}

Rules rules_with_claims() {
  Rules rules = test_rules();
  rules.claims.push_back({ClaimPath::from_text("groups"), ClaimRule::Present{}});
  return rules;
}

RouteRules route_rules() {
  RouteRules route;
  route.claims.push_back({ClaimPath::from_text("tenant"), ClaimRule::Present{}});
  route.scopes = {"w"};
  return route;
}

// What a request with this token would get, by the functions that requests use.
Refusal judge_fully(std::string_view text, std::span<const Rules* const> providers, const KeySet& keys) {
  auto token = parse_token(text);
  if (!token) return token.error();
  const auto chosen = choose_provider(*token, providers);
  if (!chosen) return chosen.error();
  SignatureContexts contexts;
  const auto claims = verify(*token, *providers[*chosen], keys, test_now, contexts);
  if (!claims) return claims.error();
  return check_route(*claims, route_rules()).value_or(Refusal());
}

Refusal first_refusal(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    if (finding.refusal) return *finding.refusal;
  }
  return {};
}

const Finding* find(const std::vector<Finding>& findings, std::string_view check) {
  for (const Finding& finding : findings) {
    if (finding.check == check) return &finding;
  }
  return nullptr;
}

std::vector<Finding> explain_one(std::string_view token, const Rules& rules, const KeySet* keys) {
  const Rules* const providers[] = {&rules};
  const KeySet* const sets[] = {keys};
  return explain(token, providers, sets, route_rules(), test_now);
}

}  // namespace

TEST_CASE("The first refusal of an explanation is the one that a request would get") {
  const KeySet keys = key_set({mint::jwk(mint::shared_key("ES256"))});
  const Rules shop = rules_with_claims();
  Rules other = rules_with_claims();
  other.issuers = {"https://other.example.com"};
  other.algorithms = only({"RS256"});
  const std::vector<const Rules*> one = {&shop};
  const std::vector<const Rules*> two = {&other, &shop};
  for (const auto& providers : {one, two}) {
    const std::vector<const KeySet*> sets(providers.size(), &keys);
    for (const Case& example : cases()) {
      CAPTURE(example.name);
      CAPTURE(providers.size());
      const Refusal wanted = judge_fully(example.token, providers, keys);
      const Refusal got = first_refusal(explain(example.token, providers, sets, route_rules(), test_now));
      CHECK(code_of(got.reason) == code_of(wanted.reason));
      CHECK(got.checked_by == wanted.checked_by);
    }
  }
}

TEST_CASE("An explanation goes on after the first failure") {
  const KeySet keys = key_set({mint::jwk(mint::shared_key("ES256"))});
  const std::string text = mint::sign(mint::shared_key("ES256"), R"({"iss":"x","aud":"y","exp":1,"typ":"ID"})");
  const auto findings = explain_one(text, rules_with_claims(), &keys);
  std::string ends;
  for (const Finding& finding : findings) {
    ends += finding.check + "=" + std::string(code_of(finding.refusal.value_or(Refusal()).reason)) + " ";
  }
  CHECK(ends ==
        "form=accepted algorithm=accepted issuer=issuer_unknown key=accepted signature=accepted time=token_expired "
        "audience=audience_mismatch type=type_mismatch binding=accepted claims=claim_missing "
        "route claims=claim_missing scopes=scope_insufficient ");
}

TEST_CASE("Checks that cannot be made are left out") {
  const KeySet keys = key_set({mint::jwk(mint::shared_key("ES256"))});
  const std::string unknown_kid =
      mint::sign(mint::shared_key("ES256"), R"({"alg":"ES256","kid":"?"})", valid_payload());
  CHECK(find(explain_one(unknown_kid, test_rules(), &keys), "key")->refusal);
  CHECK(find(explain_one(unknown_kid, test_rules(), &keys), "signature") == nullptr);
  CHECK(find(explain_one(unknown_kid, test_rules(), &keys), "time") != nullptr);
  const std::string none = mint::sign(mint::shared_key("ES256"), R"({"alg":"none"})", valid_payload(), "ES256");
  CHECK(find(explain_one(none, test_rules(), &keys), "key") == nullptr);
  CHECK(explain_one("a.b", test_rules(), &keys).size() == 1);
}

TEST_CASE("A provider whose keys could not be loaded is not the token's fault") {
  const std::string text = mint::sign(mint::shared_key("ES256"), valid_payload());
  CHECK(first_refusal(explain_one(text, test_rules(), nullptr)).reason == Reason::keys_unavailable);
}

TEST_CASE("Findings tell what was expected and what was got") {
  const KeySet keys = key_set({mint::jwk(mint::shared_key("ES256"))});
  const auto findings = explain_one(mint::sign(mint::shared_key("ES256"), valid_payload()), test_rules(), &keys);
  CHECK(find(findings, "algorithm")->expected == "ES256");
  CHECK(find(findings, "algorithm")->got == "\"ES256\"");
  CHECK(find(findings, "issuer")->expected == "\"https://id.example.com\"");
  CHECK(find(findings, "key")->expected == "a key for ES256 of kid \"k1\"");
  CHECK(find(findings, "key")->got == "EC P-256 of kid \"k1\"");
  CHECK(find(findings, "signature")->got == "64 bytes, verified with \"k1\"");
  CHECK(find(findings, "time")->expected == "exp after and nbf, iat not after 1700000000, leeway 60 s");
  CHECK(find(findings, "time")->got == "exp 1700000300, nbf absent, iat absent");
  CHECK(find(findings, "audience")->expected == "one of \"orders-api\"");
  CHECK(find(findings, "audience")->got == "\"orders-api\"");
  CHECK(find(findings, "type")->got == "typ \"JWT\"");
}

TEST_CASE("Where a route has several providers, the choice is a finding of its own") {
  const KeySet keys = key_set({mint::jwk(mint::shared_key("ES256"))});
  const Rules shop = test_rules();
  Rules other = test_rules();
  other.provider = "other";
  other.issuers = {"https://other.example.com"};
  const Rules* const providers[] = {&other, &shop};
  const KeySet* const sets[] = {&keys, &keys};
  const auto good = explain(mint::sign(mint::shared_key("ES256"), valid_payload()), providers, sets, {}, test_now);
  CHECK(find(good, "provider")->got == R"(alg "ES256", iss "https://id.example.com": "shop")");
  const auto bad = explain(mint::sign(mint::shared_key("ES256"), R"({"iss":"x"})"), providers, sets, {}, test_now);
  CHECK(bad.size() == 2);
  CHECK(find(bad, "provider")->refusal->reason == Reason::issuer_unknown);
}

}  // namespace postern::jose
