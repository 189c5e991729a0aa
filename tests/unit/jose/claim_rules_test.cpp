#include <doctest/doctest.h>

#include "tests/unit/jose/judge.hpp"

namespace postern::jose {
namespace {

Json value_of(std::string_view json) {
  return parse_json(json).value();
}

// How one rule over one claim `c` ends, at the provider.
Refusal judge_rule(decltype(ClaimRule::condition) condition, std::string_view claim) {
  Rules rules = test_rules();
  rules.claims.push_back({ClaimPath::from_text("c"), std::move(condition)});
  return judge(valid_payload(claim.empty() ? "" : R"(,"c":)" + std::string(claim)), rules);
}

bool holds(decltype(ClaimRule::condition) condition, std::string_view claim) {
  return judge_rule(std::move(condition), claim).reason == Reason::accepted;
}

ClaimRule::Matches matching(const std::string& pattern) {
  return {Pattern::compile(pattern).value()};
}

Claims claims_with(std::string_view more) {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string text = mint::sign(key, valid_payload(more));
  auto token = parse_token(text).value();
  SignatureContexts contexts;
  return verify(token, test_rules(), key_set({mint::jwk(key)}), test_now, contexts).value();
}

Reason scopes_end(std::string_view more, std::vector<std::string> scopes, Match match = Match::all) {
  RouteRules route;
  route.scopes = std::move(scopes);
  route.scope_match = match;
  const auto refusal = check_route(claims_with(more), route);
  return refusal ? refusal->reason : Reason::accepted;
}

}  // namespace

TEST_CASE("A required claim is there, and null counts as absent") {
  CHECK(holds(ClaimRule::Present{}, R"("")"));
  CHECK(holds(ClaimRule::Present{}, "false"));
  CHECK(judge_rule(ClaimRule::Present{}, "").reason == Reason::claim_missing);
  CHECK(judge_rule(ClaimRule::Present{}, "null").reason == Reason::claim_missing);
}

TEST_CASE("`equals` wants the value, or an element that is it, of the same type") {
  CHECK(holds(ClaimRule::Equals{value_of(R"("a")")}, R"("a")"));
  CHECK(holds(ClaimRule::Equals{value_of(R"("a")")}, R"(["b","a"])"));
  CHECK(holds(ClaimRule::Equals{value_of("true")}, "true"));
  CHECK_FALSE(holds(ClaimRule::Equals{value_of("true")}, R"("true")"));
  CHECK_FALSE(holds(ClaimRule::Equals{value_of(R"("a")")}, R"("ab")"));
  CHECK_FALSE(holds(ClaimRule::Equals{value_of(R"("a")")}, R"("a b")"));
  CHECK_FALSE(holds(ClaimRule::Equals{value_of(R"("a")")}, R"([["a"]])"));
  CHECK(holds(ClaimRule::Equals{value_of(R"({"x":[1]})")}, R"({"x":[1]})"));
  CHECK(judge_rule(ClaimRule::Equals{value_of(R"("a")")}, R"("b")").reason == Reason::claim_mismatch);
  CHECK(judge_rule(ClaimRule::Equals{value_of(R"("a")")}, R"("b")").detail == R"("c" is "b", needed is "a")");
  CHECK(judge_rule(ClaimRule::Equals{value_of(R"("a")")}, "").reason == Reason::claim_missing);
}

TEST_CASE("Numbers are compared by value, integers exactly") {
  CHECK(holds(ClaimRule::Equals{value_of("1")}, "1.0"));
  CHECK(holds(ClaimRule::Equals{value_of("100")}, "1e2"));
  CHECK_FALSE(holds(ClaimRule::Equals{value_of("1")}, "1.5"));
  CHECK_FALSE(holds(ClaimRule::Equals{value_of("1")}, R"("1")"));
  CHECK_FALSE(holds(ClaimRule::Equals{value_of("9007199254740992")}, "9007199254740993"));
  CHECK_FALSE(holds(ClaimRule::Equals{value_of("9007199254740993")}, "9007199254740992.0"));
  CHECK_FALSE(holds(ClaimRule::Equals{value_of("-9007199254740993")}, "-9007199254740992.0"));
  CHECK_FALSE(holds(ClaimRule::Equals{value_of("1234567890123456789")}, "1.23456789012345680e18"));
}

TEST_CASE("`one_of`, `contains` and `matches`") {
  const ClaimRule::OneOf one_of{{value_of(R"("a")"), value_of("2")}};
  CHECK(holds(one_of, R"("a")"));
  CHECK(holds(one_of, "2"));
  CHECK(holds(one_of, "[1,2]"));
  CHECK_FALSE(holds(one_of, R"("b")"));
  const ClaimRule::Contains contains{value_of(R"("a")")};
  CHECK(holds(contains, R"(["b","a"])"));
  CHECK(holds(contains, R"("b a c")"));
  CHECK_FALSE(holds(contains, R"(["ab"])"));
  CHECK_FALSE(holds(contains, R"("ba ac")"));
  CHECK_FALSE(holds(contains, R"([["a"]])"));
  CHECK(holds(ClaimRule::Contains{value_of("7")}, "[7]"));
  CHECK_FALSE(holds(ClaimRule::Contains{value_of("7")}, R"("7")"));
  CHECK_FALSE(holds(ClaimRule::Contains{value_of(R"("")")}, R"("a  b")"));
  CHECK(holds(matching("a+"), R"("aaa")"));
  CHECK(holds(matching("a+"), R"(["b","aa"])"));
  CHECK_FALSE(holds(matching("a+"), R"("baab")"));
  CHECK_FALSE(holds(matching("1"), "1"));
}

TEST_CASE("Every rule must hold, whichever one is broken") {
  RouteRules route;
  for (const char* claim : {"a", "b", "c"}) route.claims.push_back({ClaimPath::from_text(claim), ClaimRule::Present{}});
  CHECK_FALSE(check_route(claims_with(R"(,"a":1,"b":1,"c":1)"), route));
  for (const std::string_view more : {R"(,"b":1,"c":1)", R"(,"a":1,"c":1)", R"(,"a":1,"b":1)"}) {
    CAPTURE(more);
    CHECK(check_route(claims_with(more), route));
  }
}

TEST_CASE("A provider's claim rule refuses as the provider, a route's as the route") {
  CHECK(judge_rule(ClaimRule::Present{}, "").checked_by == CheckedBy::provider);
  RouteRules route;
  route.claims.push_back({ClaimPath::from_text("a.b"), ClaimRule::Equals{value_of("1")}});
  CHECK_FALSE(check_route(claims_with(R"(,"a":{"b":1})"), route));
  const auto missing = check_route(claims_with(""), route);
  REQUIRE(missing);
  CHECK(missing->reason == Reason::claim_missing);
  CHECK(missing->checked_by == CheckedBy::route);
  const auto mismatch = check_route(claims_with(R"(,"a":{"b":2})"), route);
  REQUIRE(mismatch);
  CHECK(mismatch->reason == Reason::claim_mismatch);
  CHECK(mismatch->checked_by == CheckedBy::route);
  CHECK(mismatch->detail == R"("a.b" is 2, needed is 1)");
}

TEST_CASE("Scopes are found in `scope` and `scp`, as words of a string or as elements") {
  for (const std::string_view more : {R"(,"scope":"r w")", R"(,"scope":["w","r"])", R"(,"scp":"x r w")",
                                      R"(,"scp":["r","w"])", R"(,"scope":"r","scp":["w"])"}) {
    CAPTURE(more);
    CHECK(scopes_end(more, {"r", "w"}) == Reason::accepted);
  }
  for (const std::string_view more : {"", R"(,"scope":"r")", R"(,"scope":"rw")", R"(,"scope":["r w"])", R"(,"scope":7)",
                                      R"(,"scope":null)", R"(,"scope":[7,null])", R"(,"scope":"R W")",
                                      R"(,"scope":"r,w")", R"(,"scope":["rx","w"])", R"(,"scope":["xr","w"])"}) {
    CAPTURE(more);
    CHECK(scopes_end(more, {"r", "w"}) == Reason::scope_insufficient);
  }
  CHECK(scopes_end(R"(,"scope":"w")", {"r", "w"}, Match::any) == Reason::accepted);
  CHECK(scopes_end(R"(,"scope":"x")", {"r", "w"}, Match::any) == Reason::scope_insufficient);
  CHECK(scopes_end("", {}) == Reason::accepted);
}

TEST_CASE("A missing scope says what was needed and what was there") {
  RouteRules route;
  route.scopes = {"orders:write"};
  const auto refusal = check_route(claims_with(R"(,"scope":"orders:read")"), route);
  REQUIRE(refusal);
  CHECK(refusal->checked_by == CheckedBy::route);
  CHECK(refusal->detail == R"(needed is all of "orders:write", the token has scope "orders:read")");
}

}  // namespace postern::jose
