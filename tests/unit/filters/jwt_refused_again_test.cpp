// Of a refused token that comes again.
#include <doctest/doctest.h>

#include "tests/unit/filters/gate.hpp"

using namespace postern;
using namespace postern::filters;

TEST_CASE("a token that was refused is refused again, and told of, without another judgement") {
  Gate gate;
  const auto provider = make_provider();
  gate.providers["shop"] = provider;
  const auto filter = gate.make();
  const auto decided = [&](const std::string& authorization, double now = test_now) {
    TestRequest request(gate.state);
    request.with("Authorization", authorization);
    request.context.now = now;
    request.run(*filter);
    const Decision& decision = request.context.decision;
    return std::string(code_of(decision.reason)) + '|' + decision.detail + '|' + std::string(decision.provider) + '|' +
           std::string(decision.issuer) + '|' + std::string(decision.kid) + '|' +
           std::string(request.forwarded("Authorization") == authorization ? "stays" : "goes");
  };
  const std::string sent = "Bearer " + token();
  provider->rules.audiences = {"another-api"};
  const std::string told = decided(sent);
  CHECK(told ==
        "audience_mismatch|`aud` is \"orders-api\", needed is \"another-api\"|shop|https://id.example.com|k1|stays");
  provider->rules.audiences = {"orders-api"};  // nothing that happens while a filter lives: whether it judges shows
  CHECK(decided(sent) == told);
  CHECK(decided(sent, test_now + RefusedTokens::lifetime - 0.001) == told);
  SUBCASE("but only for some seconds") {
    CHECK(decided(sent, test_now + RefusedTokens::lifetime).starts_with("accepted|"));
  }
  SUBCASE("but not when the clock was set back") {
    CHECK(decided(sent, test_now - 1).starts_with("accepted|"));
  }
  SUBCASE("but not by another filter") {
    TestRequest request(gate.state);
    CHECK(request.with("Authorization", sent).outcome(*gate.make()) == "pass");
  }
  SUBCASE("but not a token that differs before its end") {
    const std::string other = "Bearer " + token(R"("x":1)");
    constexpr std::size_t hashed = 64;
    const std::string of_same_end = other.substr(0, other.size() - hashed) + sent.substr(sent.size() - hashed);
    CHECK(decided(of_same_end).starts_with("signature_invalid|"));
  }
}

TEST_CASE("a token that was refused is judged again once the provider has other keys") {
  struct Keys final : keys::KeySource {
    using KeySource::publish;
    ProviderStatus status() const override { return {}; }
    bool is_failing() const override { return false; }
  };
  const auto set_of = [](std::string_view alg) {
    return std::make_shared<const jose::KeySet>(
        jose::parse_jwks(mint::jwks({mint::jwk(mint::shared_key(alg))}), false).value().keys);
  };
  Gate gate;
  const auto provider = make_provider();
  const auto keys = std::make_shared<Keys>();
  provider->source = keys;
  gate.providers["shop"] = provider;
  const auto filter = gate.make();
  keys->publish(set_of("RS256"));
  std::string forged = "Bearer " + token();
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  const auto outcome_now = [&] {
    TestRequest request(gate.state);
    return request.with("Authorization", forged).outcome(*filter);
  };
  CHECK(outcome_now() == "signature_invalid");
  CHECK(outcome_now() == "signature_invalid");
  keys->publish(set_of("ES256"));
  CHECK(outcome_now() == "key_unknown");
  keys->publish(set_of("RS256"));
  CHECK(outcome_now() == "signature_invalid");
}

TEST_CASE("what time or a fetch may change is judged each time") {
  Gate gate;
  const auto filter = gate.make();
  const auto outcome_at = [&](const std::string& sent, double now) {
    const std::string authorization = "Bearer " + sent;
    TestRequest request(gate.state);
    request.with("Authorization", authorization);
    request.context.now = now;
    return request.outcome(*filter);
  };
  const std::string early = token(R"("nbf":1700000061)");
  CHECK(outcome_at(early, test_now) == "token_not_yet_valid");
  CHECK(outcome_at(early, test_now + 1) == "pass");
  const std::string of_another_key = mint::sign(mint::shared_key("RS256"), R"({"alg":"RS256","kid":"k2"})", payload());
  CHECK(outcome_at(of_another_key, test_now) == "key_unknown");
  CHECK(outcome_at(of_another_key, test_now) == "key_unknown");
}
