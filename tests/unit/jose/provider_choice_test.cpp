#include <doctest/doctest.h>

#include "tests/unit/jose/judge.hpp"

namespace postern::jose {
namespace {

Rules provider(std::string_view name, std::string_view issuer, std::initializer_list<std::string_view> algorithms) {
  Rules rules;
  rules.provider = name;
  rules.algorithms = only(algorithms);
  rules.any_issuer = issuer == "any";
  if (!rules.any_issuer) rules.issuers = {std::string(issuer)};
  return rules;
}

tl::expected<std::size_t, Refusal> choose(const std::vector<Rules>& rules, std::string_view alg, std::string_view iss) {
  std::vector<const Rules*> providers;
  for (const Rules& one : rules) providers.push_back(&one);
  const std::string payload = iss.empty() ? "{}" : R"({"iss":)" + std::string(iss) + "}";
  const std::string text = mint::signing_input(R"({"alg":")" + std::string(alg) + R"("})", payload) + ".c2ln";
  return choose_provider(parse_token(text).value(), providers);
}

// The chosen provider's name, or the reason code.
std::string chosen(const std::vector<Rules>& rules, std::string_view alg, std::string_view iss) {
  const auto index = choose(rules, alg, iss);
  return index ? rules[*index].provider : std::string(code_of(index.error().reason));
}

}  // namespace

TEST_CASE("The first provider of the issuer whose algorithms hold the token's judges it") {
  const std::vector<Rules> rules = {provider("old", "a", {"HS256"}), provider("new", "a", {"RS256", "ES256"}),
                                    provider("late", "a", {"RS256", "PS256"}), provider("other", "b", {"RS512"})};
  CHECK(chosen(rules, "HS256", R"("a")") == "old");
  CHECK(chosen(rules, "RS256", R"("a")") == "new");
  CHECK(chosen(rules, "PS256", R"("a")") == "late");
  CHECK(chosen(rules, "RS512", R"("b")") == "other");
}

TEST_CASE("An algorithm of another issuer's provider does not help") {
  const std::vector<Rules> rules = {provider("one", "a", {"RS256"}), provider("two", "b", {"ES256"})};
  CHECK(chosen(rules, "ES256", R"("a")") == "algorithm_not_allowed");
  CHECK(chosen(rules, "RS256", R"("b")") == "algorithm_not_allowed");
}

TEST_CASE("The algorithm is judged before the issuer") {
  const std::vector<Rules> rules = {provider("one", "a", {"RS256"})};
  CHECK(chosen(rules, "HS256", R"("x")") == "algorithm_not_allowed");
  CHECK(chosen(rules, "none", R"("a")") == "algorithm_not_allowed");
  CHECK(chosen(rules, "RS256", R"("x")") == "issuer_unknown");
  CHECK(chosen(rules, "RS256", "") == "issuer_unknown");
  CHECK(chosen(rules, "RS256", "7") == "issuer_unknown");
}

TEST_CASE("The operator is told of every issuer that would have done") {
  std::vector<Rules> rules = {provider("one", "a", {"RS256"})};
  CHECK(choose(rules, "RS256", R"("x")").error().detail == R"(`iss` is "x", needed is "a")");
  rules.push_back(provider("two", "b", {"RS256"}));
  CHECK(choose(rules, "RS256", R"("x")").error().detail == R"(`iss` is "x", needed is "a", "b")");
  CHECK(choose(rules, "RS256", R"("B")").error().detail == R"(`iss` is "B", needed is "b": only the case differs)");
}

TEST_CASE("A provider of any issuer judges what no provider of a named issuer claims") {
  const std::vector<Rules> rules = {provider("any", "any", {"RS256"}), provider("named", "a", {"ES256"})};
  CHECK(chosen(rules, "RS256", R"("x")") == "any");
  CHECK(chosen(rules, "RS256", "") == "any");
  CHECK(chosen(rules, "ES256", R"("a")") == "named");
  CHECK(chosen(rules, "RS256", R"("a")") == "algorithm_not_allowed");
  CHECK(chosen(rules, "ES256", R"("x")") == "algorithm_not_allowed");
}

}  // namespace postern::jose
