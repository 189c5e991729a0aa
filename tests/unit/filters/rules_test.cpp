#include "filters/rules.hpp"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::filters;

namespace {

conf::Provider some_provider() {
  conf::Provider provider;
  provider.issuer.names = {"https://id.example.com"};
  provider.audiences.names = {"a", "b"};
  return provider;
}

bool allows(const jose::Rules& rules, std::string_view name) {
  return rules.algorithms.holds(*jose::find_algorithm(name));
}

}  // namespace

TEST_CASE("each tenant makes an issuer of its own") {
  conf::Provider provider;
  provider.issuer.names = {"https://login.example/{tenant}/v2.0"};
  provider.tenants = {"a", "b"};
  conf::Problems problems;
  const jose::Rules rules = make_rules("shop", provider, KeyKind::public_keys, problems);
  CHECK(rules.issuers == std::vector<std::string>{"https://login.example/a/v2.0", "https://login.example/b/v2.0"});
}

TEST_CASE("a provider's words become its rules") {
  conf::Provider provider = some_provider();
  provider.audience_match = conf::MatchKind::all;
  provider.leeway = conf::Duration(1500);
  provider.max_lifetime = conf::Duration(3'600'000);
  provider.require_exp = false;
  conf::ClaimRule rule;
  rule.claim.path = std::string("tenant");
  rule.equals = Json(std::string("acme"));
  provider.required_claims = {{std::string("jti")}};
  provider.claims = {rule};
  conf::Problems problems;
  const auto rules = make_rules("shop", provider, KeyKind::public_keys, problems);
  CHECK_FALSE(problems.any());
  CHECK(rules.provider == "shop");
  CHECK(rules.issuers == std::vector<std::string>{"https://id.example.com"});
  CHECK_FALSE(rules.any_issuer);
  CHECK(rules.audiences == std::vector<std::string>{"a", "b"});
  CHECK(rules.audience_match == jose::Match::all);
  CHECK(rules.leeway == 1.5);
  CHECK(rules.max_lifetime == 3600.0);
  CHECK_FALSE(rules.require_expiry);
  REQUIRE(rules.claims.size() == 2);
  CHECK(rules.claims[0].path.text() == "jti");
  CHECK(std::holds_alternative<jose::ClaimRule::Present>(rules.claims[0].condition));
  CHECK(std::holds_alternative<jose::ClaimRule::Equals>(rules.claims[1].condition));
}

TEST_CASE("each condition of a claim stays what it is") {
  conf::Jwt jwt;
  jwt.claims.resize(5);
  for (conf::ClaimRule& rule : jwt.claims) rule.claim.path = std::string("c");
  jwt.claims[1].equals = Json(std::string("a"));
  jwt.claims[2].one_of = Json::Array{Json(std::string("a"))};
  jwt.claims[3].contains = Json(std::string("a"));
  jwt.claims[4].matches = *Pattern::compile("a+");
  const auto rules = make_route_rules(jwt);
  REQUIRE(rules.claims.size() == 5);
  CHECK(std::holds_alternative<jose::ClaimRule::Present>(rules.claims[0].condition));
  CHECK(std::holds_alternative<jose::ClaimRule::Equals>(rules.claims[1].condition));
  CHECK(std::holds_alternative<jose::ClaimRule::OneOf>(rules.claims[2].condition));
  CHECK(std::holds_alternative<jose::ClaimRule::Contains>(rules.claims[3].condition));
  CHECK(std::holds_alternative<jose::ClaimRule::Matches>(rules.claims[4].condition));
}

TEST_CASE("any issuer and any audience are taken where the provider says so, and nowhere else") {
  conf::Problems problems;
  conf::Provider provider = some_provider();
  CHECK_FALSE(make_rules("shop", provider, KeyKind::public_keys, problems).any_audience);
  provider.audiences = {};
  provider.audiences.any = true;
  CHECK(make_rules("shop", provider, KeyKind::public_keys, problems).any_audience);
  CHECK_FALSE(make_rules("shop", provider, KeyKind::public_keys, problems).any_issuer);
  provider.issuer = {};
  provider.issuer.any = true;
  CHECK(make_rules("shop", provider, KeyKind::public_keys, problems).any_issuer);
}

TEST_CASE("the kind of keys decides the algorithms where none are named") {
  conf::Problems problems;
  const auto asymmetric = make_rules("shop", some_provider(), KeyKind::public_keys, problems);
  CHECK(allows(asymmetric, "RS256"));
  CHECK(allows(asymmetric, "EdDSA"));
  CHECK_FALSE(allows(asymmetric, "HS256"));
  const auto secret = make_rules("shop", some_provider(), KeyKind::secret, problems);
  CHECK(allows(secret, "HS256"));
  CHECK_FALSE(allows(secret, "HS512"));
  CHECK_FALSE(allows(secret, "RS256"));
}

TEST_CASE("an algorithm that does not exist or does not suit the keys is a problem at its place") {
  conf::Provider provider = some_provider();
  provider.algorithms = {"RS256", "none", "HS256"};
  conf::Problems problems;
  const auto rules = make_rules("shop", provider, KeyKind::public_keys, problems);
  CHECK(allows(rules, "RS256"));
  CHECK_FALSE(allows(rules, "HS256"));
  REQUIRE(problems.errors().size() == 2);
  CHECK(problems.errors()[0].path == "providers.shop.algorithms[1]");
  CHECK(problems.errors()[1].path == "providers.shop.algorithms[2]");

  conf::Problems of_secret;
  make_rules("shop", provider, KeyKind::secret, of_secret);
  REQUIRE(of_secret.errors().size() == 2);
  CHECK(of_secret.errors()[0].path == "providers.shop.algorithms[0]");
}

TEST_CASE("the place of an unsuitable algorithm is the file's, also for a provider with a dot in its name") {
  conf::Places places;
  places.set("providers[\"a.b\"].algorithms[0]", "c.yaml:3:5");
  conf::Problems problems(std::move(places));
  conf::Provider provider = some_provider();
  provider.algorithms = {"HS256"};
  make_rules("a.b", provider, KeyKind::public_keys, problems);
  REQUIRE(problems.errors().size() == 1);
  CHECK(problems.errors()[0].path == "providers[\"a.b\"].algorithms[0]");
  CHECK(problems.errors()[0].where == "c.yaml:3:5");
}

TEST_CASE("types are compared in lower case and without application/") {
  conf::Provider provider = some_provider();
  conf::Problems problems;
  CHECK(make_rules("shop", provider, KeyKind::public_keys, problems).types ==
        std::vector<std::string>{"jwt", "at+jwt"});
  provider.types = {"application/Custom+JWT"};
  CHECK(make_rules("shop", provider, KeyKind::public_keys, problems).types == std::vector<std::string>{"custom+jwt"});
}

TEST_CASE("a route's words become its rules") {
  conf::Jwt jwt;
  jwt.scopes = {"a", "b"};
  jwt.scope_match = conf::MatchKind::any;
  jwt.required_claims = {{std::vector<std::string>{"x", "y.z"}}};
  const auto rules = make_route_rules(jwt);
  CHECK(rules.scopes == std::vector<std::string>{"a", "b"});
  CHECK(rules.scope_match == jose::Match::any);
  REQUIRE(rules.claims.size() == 1);
}
