// For whom and by whom a token is, and what kind it is.
#include <doctest/doctest.h>

#include "tests/unit/jose/judge.hpp"

namespace postern::jose {
namespace {

Reason header_reason(std::string_view members, const Rules& rules = test_rules()) {
  const mint::SigningKey key = mint::shared_key("ES256");
  return judge_token(mint::sign(key, R"({"alg":"ES256")" + std::string(members) + "}", valid_payload()), rules,
                     key_set({mint::jwk(key)}))
      .reason;
}

}  // namespace

TEST_CASE("`iss` is compared byte for byte, and a small difference is pointed out") {
  const auto detail = [](std::string_view iss) {
    const Refusal refusal = judge(with_iss("\"" + std::string(iss) + "\""));
    CHECK(refusal.reason == Reason::issuer_unknown);
    return refusal.detail;
  };
  CHECK(detail("https://id.example.com/") ==
        R"(`iss` is "https://id.example.com/", needed is "https://id.example.com": only a final slash differs)");
  CHECK(detail("https://ID.example.com").ends_with(": only the case differs"));
  CHECK(detail("HTTPS://id.example.com/").ends_with(": only the case and a final slash differ"));
  CHECK(detail("https://id.example.com.evil.test").ends_with(R"(needed is "https://id.example.com")"));
  CHECK(detail("https://id.example.co").ends_with(R"(needed is "https://id.example.com")"));
  CHECK(reason_of(with_iss("7")) == Reason::issuer_unknown);
  CHECK(reason_of(with_iss(R"(["https://id.example.com"])")) == Reason::issuer_unknown);
  CHECK(judge(with_iss("")).detail == R"(the token has no `iss`, needed is "https://id.example.com")");
  Rules rules = test_rules();
  rules.any_issuer = true;
  CHECK(reason_of(with_iss(""), rules) == Reason::accepted);
}

TEST_CASE("`aud` is a string or an array of strings that holds the audience exactly") {
  for (const std::string_view aud : {R"("orders-api")", R"(["x","orders-api"])"})
    CHECK(reason_of(with_aud(aud)) == Reason::accepted);
  for (const std::string_view aud :
       {R"("orders")", R"("orders-api2")", R"("Orders-Api")", R"("x orders-api")", "7", "null", "[]", "{}",
        R"([["orders-api"]])", R"(["orders-api",7])", R"({"orders-api":1})", ""}) {
    CAPTURE(aud);
    CHECK(reason_of(with_aud(aud)) == Reason::audience_mismatch);
  }
  std::string many = "[";
  for (int i = 0; i < 10'000; ++i) many += "\"a" + std::to_string(i) + "\",";
  CHECK(reason_of(with_aud(many + "\"x\"]")) == Reason::audience_mismatch);
  CHECK(judge(with_aud(many + "\"x\"]")).detail.size() < 300);
}

TEST_CASE("Several audiences: one is enough, or all are needed, or none is looked at") {
  Rules rules = test_rules();
  rules.audiences = {"a", "b"};
  CHECK(reason_of(with_aud(R"("b")"), rules) == Reason::accepted);
  rules.audience_match = Match::all;
  CHECK(reason_of(with_aud(R"("b")"), rules) == Reason::audience_mismatch);
  CHECK(reason_of(with_aud(R"(["c","b","a"])"), rules) == Reason::accepted);
  rules.audiences.clear();
  CHECK(reason_of(with_aud(R"("b")"), rules) == Reason::audience_mismatch);
  rules.any_audience = true;
  CHECK(reason_of(with_aud(""), rules) == Reason::accepted);
  CHECK(reason_of(with_aud("7"), rules) == Reason::accepted);
}

TEST_CASE("Types are compared in lower case and without application/") {
  CHECK(bare_type("JWT") == "jwt");
  CHECK(bare_type("application/AT+JWT") == "at+jwt");
  CHECK(bare_type("Application/Foo+jwt") == "foo+jwt");
  CHECK(bare_type("application/") == "application/");
  CHECK(bare_type("") == "");
}

TEST_CASE("The header's `typ` is absent or one of the allowed kinds") {
  for (const std::string_view typ :
       {"", R"(,"typ":"JWT")", R"(,"typ":"jwt")", R"(,"typ":"at+jwt")", R"(,"typ":"AT+JWT")",
        R"(,"typ":"application/at+jwt")", R"(,"typ":"Application/JWT")"}) {
    CAPTURE(typ);
    CHECK(header_reason(typ) == Reason::accepted);
  }
  for (const std::string_view typ : {R"("JWS")", R"("dpop+jwt")", R"("")", R"("application/")", R"("logout+jwt")", "7",
                                     "null", R"(["JWT"])", R"("application/application/jwt")"}) {
    CAPTURE(typ);
    CHECK(header_reason(R"(,"typ":)" + std::string(typ)) == Reason::type_mismatch);
  }
  Rules rules = test_rules();
  rules.types = {"at+jwt"};
  CHECK(header_reason(R"(,"typ":"JWT")", rules) == Reason::type_mismatch);
}

TEST_CASE("A payload that calls itself another kind of token is refused") {
  for (const std::string_view more :
       {R"(,"typ":"ID")", R"(,"typ":"Refresh")", R"(,"typ":"offline")", R"(,"token_use":"id")",
        R"(,"token_use":"refresh")", R"(,"token_use":7)", R"(,"token_use":null)"}) {
    CAPTURE(more);
    CHECK(reason_of(valid_payload(more)) == Reason::type_mismatch);
  }
  for (const std::string_view more :
       {R"(,"typ":"Bearer")", R"(,"typ":"DPoP")", R"(,"typ":7)", R"(,"token_use":"access")"}) {
    CAPTURE(more);
    CHECK(reason_of(valid_payload(more)) == Reason::accepted);
  }
  Rules rules = test_rules();
  rules.types = {"jwt", "id"};
  CHECK(reason_of(valid_payload(R"(,"typ":"ID")"), rules) == Reason::accepted);
  CHECK(reason_of(valid_payload(R"(,"typ":"Refresh")"), rules) == Reason::type_mismatch);
  CHECK(reason_of(valid_payload(R"(,"token_use":"id")"), rules) == Reason::accepted);
  CHECK(reason_of(valid_payload(R"(,"token_use":"refresh")"), rules) == Reason::type_mismatch);
}

TEST_CASE("A token bound to a key is refused without its proof, after its type") {
  CHECK(reason_of(valid_payload(R"(,"cnf":{"jkt":"x"})")) == Reason::proof_missing);
  CHECK(reason_of(valid_payload(R"(,"cnf":null)")) == Reason::proof_missing);
  CHECK(reason_of(valid_payload(R"(,"cnf":{},"typ":"ID")")) == Reason::type_mismatch);
}

}  // namespace postern::jose
