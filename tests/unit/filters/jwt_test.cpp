#include "filters/jwt.hpp"

#include <doctest/doctest.h>

#include "filters/identity.hpp"
#include "tests/unit/filters/gate.hpp"

using namespace postern;
using namespace postern::filters;

namespace {

conf::TokenSource cookie_source(std::string name) {
  conf::TokenSource source;
  source.cookie = std::move(name);
  return source;
}

// What the gate says to a request with that Authorization.
std::string_view outcome(Gate& gate, const std::string& authorization, double now = test_now) {
  TestRequest request(gate.state);
  request.with("Authorization", authorization);
  request.context.now = now;
  return request.outcome(*gate.make());
}

std::string_view outcome_of_token(const std::string& bytes) {
  Gate gate;
  return outcome(gate, "Bearer " + bytes);
}

}  // namespace

TEST_CASE("a valid token passes, leaves its claims and goes no further") {
  Gate gate;
  TestRequest request(gate.state);
  const std::string authorization = "Bearer " + token(R"("roles":["a"])");
  request.with("Authorization", authorization);
  CHECK(request.outcome(*gate.make()) == "pass");
  REQUIRE(request.context.identity != nullptr);
  CHECK(request.context.identity->claims().json().find("roles") != nullptr);
  CHECK(request.forwarded("Authorization") == "(none)");
  const Decision& decision = request.context.decision;
  CHECK(decision.made);
  CHECK(decision.reason == Reason::accepted);
  CHECK(decision.provider == "shop");
  CHECK(decision.issuer == test_issuer);
  CHECK(decision.subject == "alice");
  CHECK(decision.kid == "k1");
}

TEST_CASE("each refusal of a token has its reason") {
  const mint::SigningKey& key = mint::shared_key("RS256");
  CHECK(outcome_of_token("a.b") == "token_malformed");
  CHECK(outcome_of_token(token("", "HS256")) == "algorithm_not_allowed");
  CHECK(outcome_of_token(mint::sign(key, R"({"alg":"none","kid":"k1"})", payload())) == "algorithm_not_allowed");
  CHECK(outcome_of_token(mint::sign(key, R"({"iss":"https://other.example","exp":1800000000})")) == "issuer_unknown");
  CHECK(outcome_of_token(mint::sign(key, R"({"alg":"RS256","kid":"k2"})", payload())) == "key_unknown");
  std::string forged = token();
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  CHECK(outcome_of_token(forged) == "signature_invalid");
  CHECK(outcome_of_token(token(R"("nbf":1700000061)")) == "token_not_yet_valid");
  CHECK(outcome_of_token(mint::sign(key, R"({"iss":"https://id.example.com","aud":"x","exp":1800000000})")) ==
        "audience_mismatch");
  CHECK(outcome_of_token(mint::sign(key, R"({"alg":"RS256","kid":"k1","typ":"logout+jwt"})", payload())) ==
        "type_mismatch");
  CHECK(outcome_of_token(token(R"("cnf":{"jkt":"x"})")) == "proof_missing");
}

TEST_CASE("a provider's lifetime and claim rules have their reasons") {
  Gate gate;
  auto provider = make_provider();
  provider->rules.max_lifetime = 499;
  gate.providers["shop"] = provider;
  CHECK(outcome(gate, "Bearer " + token()) == "token_lifetime_too_long");
  provider->rules.max_lifetime = 500;
  CHECK(outcome(gate, "Bearer " + token()) == "pass");
  provider->rules.claims = {{jose::ClaimPath::from_text("tenant"), jose::ClaimRule::Present{}}};
  CHECK(outcome(gate, "Bearer " + token(R"("x":1)")) == "claim_missing");
}

TEST_CASE("the route's rules refuse a token that the provider accepts, and its subject is told") {
  Gate gate;
  gate.route.jwt->scopes = {"orders:write"};
  TestRequest request(gate.state);
  const std::string authorization = "Bearer " + token(R"("scope":"orders:read")");
  request.with("Authorization", authorization);
  const Verdict verdict = request.run(*gate.make());
  const auto& refusal = std::get<Refusal>(verdict);
  CHECK(refusal.reason == Reason::scope_insufficient);
  CHECK(refusal.checked_by == CheckedBy::route);
  CHECK(request.context.identity == nullptr);
  CHECK(request.context.decision.reason == Reason::scope_insufficient);
  CHECK(request.context.decision.subject == "alice");
  CHECK(gate.state.tokens.size() == 0);

  gate.route.jwt->scopes.clear();
  conf::ClaimRule rule;
  rule.claim.path = std::string("tenant");
  rule.equals = Json(std::string("acme"));
  gate.route.jwt->claims = {rule};
  CHECK(outcome(gate, "Bearer " + token(R"("tenant":"other")")) == "claim_mismatch");
  CHECK(outcome(gate, "Bearer " + token(R"("tenant":"acme")")) == "pass");
}

TEST_CASE("a refused token stays in place, and its claimed issuer and key are told but not its subject") {
  Gate gate;
  TestRequest request(gate.state);
  const std::string authorization =
      "Bearer " + mint::sign(mint::shared_key("RS256"), R"({"alg":"RS256","kid":"k9"})", payload());
  request.with("Authorization", authorization);
  CHECK(request.outcome(*gate.make()) == "key_unknown");
  CHECK(request.forwarded("Authorization") == authorization);
  const Decision& decision = request.context.decision;
  CHECK(decision.made);
  CHECK(decision.reason == Reason::key_unknown);
  CHECK(decision.provider == "shop");
  CHECK(decision.issuer == test_issuer);
  CHECK(decision.kid == "k9");
  CHECK(decision.subject.empty());
}

TEST_CASE("a request without a token is refused, or passes where the route says optional") {
  Gate gate;
  CHECK(outcome(gate, "Basic eA==") == "token_missing");
  gate.route.jwt->optional = true;
  CHECK(outcome(gate, "Basic eA==") == "pass");
  TestRequest request(gate.state);
  CHECK(request.outcome(*gate.make()) == "pass");
  CHECK(request.context.identity == nullptr);
  CHECK(request.context.decision.made);
  CHECK(request.context.decision.reason == Reason::accepted);
}

TEST_CASE("optional passes no bad token") {
  Gate gate;
  gate.route.jwt->optional = true;
  CHECK(outcome(gate, "Bearer a.b") == "token_malformed");
  CHECK(outcome(gate, "Bearer a, Bearer b") == "token_multiple");
}

TEST_CASE("a token of exactly the limit's bytes is judged, one byte more is too large") {
  Gate gate;
  const std::string bytes = token();
  gate.config.limits.token_bytes.count = bytes.size();
  CHECK(outcome(gate, "Bearer " + bytes) == "pass");
  gate.config.limits.token_bytes.count = bytes.size() - 1;
  CHECK(outcome(gate, "Bearer " + bytes) == "token_too_large");
}

TEST_CASE("the token goes on where the route keeps it or observes") {
  const std::string authorization = "Bearer " + token();
  Gate gate;
  TestRequest observed(gate.state);
  observed.with("Authorization", authorization);
  observed.context.observe = true;
  CHECK(observed.outcome(*gate.make()) == "pass");
  CHECK(observed.forwarded("Authorization") == authorization);
  CHECK(observed.context.identity != nullptr);

  gate.route.jwt->keep_token = true;
  TestRequest kept(gate.state);
  kept.with("Authorization", authorization);
  CHECK(kept.outcome(*gate.make()) == "pass");
  CHECK(kept.forwarded("Authorization") == authorization);
}

TEST_CASE("a token that was seen before shares its identity and is refused from the second it expires") {
  Gate gate;
  const auto filter = gate.make();
  const std::string authorization = "Bearer " + token();
  std::shared_ptr<Identity> first;
  for (int i = 0; i < 2; ++i) {
    TestRequest request(gate.state);
    request.with("Authorization", authorization);
    request.context.now = 1'700'000'459.9;  // exp + leeway is 1'700'000'460
    CHECK(request.outcome(*filter) == "pass");
    if (i == 0) first = request.context.identity;
    CHECK(request.context.identity == first);
    CHECK(request.context.decision.cache == (i == 0 ? CacheUse::miss : CacheUse::hit));
    CHECK(request.context.decision.subject == "alice");
    CHECK(request.forwarded("Authorization") == "(none)");
  }
  TestRequest late(gate.state);
  late.with("Authorization", authorization);
  late.context.now = 1'700'000'460;
  CHECK(late.outcome(*filter) == "token_expired");
}

TEST_CASE("a token that one route accepted is judged anew on a route with other rules") {
  Gate gate;
  const std::string authorization = "Bearer " + token();
  CHECK(outcome(gate, authorization) == "pass");
  gate.route.jwt->scopes = {"admin"};
  CHECK(outcome(gate, authorization) == "scope_insufficient");
}

TEST_CASE("refused tokens are never cached") {
  Gate gate;
  CHECK(outcome(gate, "Bearer " + token(), test_now + 1000) == "token_expired");
  CHECK(gate.state.tokens.size() == 0);
}

TEST_CASE("of two providers with one issuer the token's algorithm chooses") {
  Gate gate;
  gate.route.jwt->providers = {"shop", "partner"};
  TestRequest request(gate.state);
  const std::string authorization = "Bearer " + token("", "HS256");
  request.with("Authorization", authorization);
  CHECK(request.outcome(*gate.make()) == "pass");
  CHECK(request.context.decision.provider == "partner");
}

TEST_CASE("a cookie's token serves a safe method from anywhere, an unsafe one or an upgrade only from the same site") {
  Gate gate;
  gate.route.jwt->from = {cookie_source("at")};
  const auto filter = gate.make();
  const std::string cookie = "at=" + token();
  const auto send = [&](http::Method method, std::string_view site, std::string_view upgrade = {}) {
    TestRequest request(gate.state);
    request.method(method).with("Cookie", cookie).with("Sec-Fetch-Site", site);
    request.framing.upgrade = upgrade;
    return request.outcome(*filter);
  };
  CHECK(send(http::Method::get, "cross-site") == "pass");
  CHECK(send(http::Method::post, "same-origin") == "pass");
  CHECK(send(http::Method::post, "cross-site") == "origin_refused");
  CHECK(send(http::Method::other, "same-site") == "origin_refused");
  CHECK(send(http::Method::get, "cross-site", "websocket") == "origin_refused");
  CHECK(send(http::Method::get, "same-origin", "websocket") == "pass");
}

TEST_CASE("a header's token needs no same site") {
  Gate gate;
  TestRequest request(gate.state);
  const std::string authorization = "Bearer " + token();
  request.method(http::Method::post).with("Authorization", authorization).with("Sec-Fetch-Site", "cross-site");
  CHECK(request.outcome(*gate.make()) == "pass");
}

TEST_CASE("a 101 without a subprotocol selects the one that carried the token") {
  Gate gate;
  conf::TokenSource source;
  source.websocket_protocol = "bearer";
  gate.route.jwt->from = {source};
  const auto filter = gate.make();
  TestRequest request(gate.state);
  const std::string offered = "bearer, " + token() + ", chat";
  request.with("Sec-WebSocket-Protocol", offered);
  CHECK(request.outcome(*filter) == "pass");
  CHECK(request.forwarded("Sec-WebSocket-Protocol") == "chat");

  http::ResponseHead silent;
  silent.status = 101;
  filter->on_response(request.context, silent);
  REQUIRE(silent.fields.find("Sec-WebSocket-Protocol") != nullptr);
  CHECK(silent.fields.find("Sec-WebSocket-Protocol")->value == "bearer");

  http::ResponseHead selecting;
  selecting.status = 101;
  selecting.fields.add("Sec-WebSocket-Protocol", "chat");
  filter->on_response(request.context, selecting);
  CHECK(selecting.fields.size() == 1);

  http::ResponseHead plain;
  filter->on_response(request.context, plain);
  CHECK(plain.fields.size() == 0);
}

TEST_CASE("a route without jwt has no such filter") {
  const conf::Config config;
  CHECK(make_jwt(conf::Route{}, Build{config, {}}) == nullptr);
}
