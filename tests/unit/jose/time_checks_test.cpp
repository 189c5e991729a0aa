#include <doctest/doctest.h>

#include "tests/unit/jose/judge.hpp"

namespace postern::jose {

TEST_CASE("`exp` refuses from exp + leeway on") {
  CHECK(reason_of(with_exp("1699999941")) == Reason::accepted);
  CHECK(reason_of(with_exp("1699999940")) == Reason::token_expired);
  CHECK(reason_of(with_exp("1699999940.5")) == Reason::accepted);
  CHECK(reason_of(with_exp("1.69999994e9")) == Reason::token_expired);
  Rules rules = test_rules();
  rules.leeway = 0;
  CHECK(reason_of(with_exp("1700000000"), rules) == Reason::token_expired);
  CHECK(reason_of(with_exp("1700000000.001"), rules) == Reason::accepted);
  CHECK(judge(with_exp("1700000000"), test_rules(), 1700003600).detail ==
        "exp was 1700000000, now is 1700003600, leeway 60 s");
}

TEST_CASE("An `exp` that is no sensible date is refused") {
  for (const std::string_view exp : {"1e400", "9223372036854775808", "253402300800", "1700000300000", "\"1700000300\"",
                                     "null", "true", "[1700000300]", "{}", "0.000000000000000000001e-2147483639"}) {
    CAPTURE(exp);
    CHECK(reason_of(with_exp(exp)) == Reason::token_malformed);
  }
  CHECK(reason_of(with_exp("253402300799")) == Reason::accepted);
  CHECK(reason_of(with_exp("-1")) == Reason::token_expired);
  CHECK(reason_of(with_exp("-1e300")) == Reason::token_expired);
  CHECK(reason_of(with_exp("0")) == Reason::token_expired);
  CHECK(reason_of(with_exp("")) == Reason::claim_missing);
}

TEST_CASE("A token may do without `exp` where the rules say so, but not with a broken one") {
  Rules rules = test_rules();
  rules.require_expiry = false;
  CHECK(reason_of(with_exp(""), rules) == Reason::accepted);
  CHECK(reason_of(with_exp("null"), rules) == Reason::token_malformed);
  CHECK(reason_of(with_exp("1"), rules) == Reason::token_expired);
}

TEST_CASE("`nbf` and `iat` may lie ahead by the leeway and no more") {
  for (const std::string_view claim : {"nbf", "iat"}) {
    CAPTURE(claim);
    const auto at = [&](std::string_view date) {
      return reason_of(valid_payload(",\"" + std::string(claim) + "\":" + std::string(date)));
    };
    CHECK(at("1700000060") == Reason::accepted);
    CHECK(at("1700000060.5") == Reason::token_not_yet_valid);
    CHECK(at("1700000061") == Reason::token_not_yet_valid);
    CHECK(at("-5") == Reason::accepted);
    CHECK(at("\"1700000000\"") == Reason::token_malformed);
    CHECK(at("1700000000000") == Reason::token_malformed);
  }
}

TEST_CASE("Claims know from when to when the time rules hold") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const auto claims_of = [&](std::string_view more) {
    const std::string text = mint::sign(key, valid_payload(more));
    auto token = parse_token(text).value();
    SignatureContexts contexts;
    return verify(token, test_rules(), key_set({mint::jwk(key)}), test_now, contexts).value();
  };
  CHECK(claims_of(R"(,"nbf":1699999000)").refused_before() == 1699998940);
  CHECK(claims_of(R"(,"iat":1699999500)").refused_before() == 1699999440);
  CHECK(claims_of(R"(,"iat":1699999500,"nbf":1700000050)").refused_before() == 1699999990);
}

TEST_CASE("A maximum lifetime bounds exp - iat and needs both") {
  Rules rules = test_rules();
  rules.max_lifetime = 600;
  CHECK(reason_of(valid_payload(R"(,"iat":1699999700)"), rules) == Reason::accepted);
  CHECK(reason_of(valid_payload(R"(,"iat":1699999699)"), rules) == Reason::token_lifetime_too_long);
  CHECK(reason_of(valid_payload(), rules) == Reason::claim_missing);
  rules.require_expiry = false;
  CHECK(reason_of(with_exp(""), rules) == Reason::claim_missing);
  CHECK(judge(R"({"iss":"https://id.example.com","aud":"orders-api","iat":1699999999})", rules).detail ==
        "the token has no `exp`, which a maximum lifetime needs");
}

}  // namespace postern::jose
