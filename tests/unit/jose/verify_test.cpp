#include "filters/jose/verify.hpp"

#include <doctest/doctest.h>

#include "tests/unit/jose/judge.hpp"

namespace postern::jose {

TEST_CASE("A token of every algorithm passes every check and becomes claims") {
  for (const Algorithm& algorithm : algorithms()) {
    CAPTURE(algorithm.name);
    const mint::SigningKey key = mint::shared_key(algorithm.name);
    Rules rules = test_rules();
    rules.algorithms = only({algorithm.name});
    const std::string text = mint::sign(key, valid_payload());
    auto token = parse_token(text).value();
    SignatureContexts contexts;
    const auto claims = verify(token, rules, key_set({mint::jwk(key)}), test_now, contexts);
    REQUIRE(claims);
    CHECK(claims->subject() == "u1");
    CHECK(claims->issuer() == "https://id.example.com");
    CHECK(claims->kid() == "k1");
    CHECK(claims->provider() == "shop");
    CHECK(claims->payload() == valid_payload());
    CHECK(claims->refused_from() == 1700000360);
    CHECK_FALSE(claims->refused_before());
  }
}

TEST_CASE("A refused token is untouched and can be judged again with newer keys") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string text = mint::sign(key, valid_payload());
  auto token = parse_token(text).value();
  SignatureContexts contexts;
  const auto refused = verify(token, test_rules(), key_set({mint::jwk(mint::shared_key("ES384"))}), test_now, contexts);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::key_unknown);
  CHECK(verify(token, test_rules(), key_set({mint::jwk(key)}), test_now, contexts));
}

TEST_CASE("Only the operator's algorithms are allowed, by exact case") {
  CHECK(reason_of(valid_payload()) == Reason::accepted);
  for (const std::string_view alg :
       {"none", "None", "nOnE", "NONE", "", "es256", "HS256", "RS256", "ES256 ", "RSA-OAEP", "dir"}) {
    CAPTURE(alg);
    const std::string header = R"({"alg":")" + std::string(alg) + R"(","kid":"k1"})";
    const mint::SigningKey key = mint::shared_key("ES256");
    const std::string text = mint::sign(key, header, valid_payload(), "ES256");
    CHECK(judge_token(text, test_rules(), key_set({mint::jwk(key)})).reason == Reason::algorithm_not_allowed);
  }
}

TEST_CASE("A secret made of a public key's bytes opens nothing, whatever is allowed") {
  for (const std::string_view alg : {"RS256", "ES256"}) {
    CAPTURE(alg);
    const mint::SigningKey key = mint::shared_key(alg);
    Rules rules = test_rules();
    rules.algorithms = only({"RS256", "ES256", "HS256"});
    for (const std::string& secret : {mint::jwk(key), mint::public_members(key)}) {
      const mint::SigningKey forger{"HS256", "k1", nullptr, secret};
      CHECK(judge_token(mint::sign(forger, valid_payload()), rules, key_set({mint::jwk(key)})).reason ==
            Reason::key_unknown);
    }
  }
}

TEST_CASE("Keys that a token brings along are never used") {
  const mint::SigningKey forger = mint::generate("ES256", "evil");
  const KeySet keys = key_set({mint::jwk(mint::shared_key("ES256"))});
  for (const std::string& member :
       {R"("jwk":)" + mint::jwk(forger), std::string(R"("jku":"http://127.0.0.1:1/jwks")"),
        std::string(R"("x5u":"http://127.0.0.1:1/cert")"), std::string(R"("x5c":["MIIB"])")}) {
    CAPTURE(member);
    const std::string text = mint::sign(forger, R"({"alg":"ES256",)" + member + "}", valid_payload());
    CHECK(judge_token(text, test_rules(), keys).reason == Reason::signature_invalid);
  }
}

TEST_CASE("A PS256 key verifies no RS256 token, and a key for encryption none at all") {
  const mint::SigningKey key = mint::shared_key("RS256");
  Rules rules = test_rules();
  rules.algorithms = only({"RS256", "PS256"});
  const std::string text = mint::sign(key, valid_payload());
  const auto with = [&](std::string_view more) { return judge_token(text, rules, key_set({mint::jwk(key, more)})); };
  CHECK(with("").reason == Reason::accepted);
  CHECK(with(R"("alg":"PS256")").reason == Reason::key_unknown);
  CHECK(with(R"("alg":"PS256")").detail == R"(the key of kid "k1" does not fit RS256)");
  CHECK(with(R"("use":"enc")").reason == Reason::key_unknown);
  CHECK(with(R"("key_ops":["encrypt"])").detail == "there is no usable key");
}

TEST_CASE("An unknown or ambiguous kid says so") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string text = mint::sign(key, R"({"alg":"ES256","kid":"other"})", valid_payload());
  CHECK(judge_token(text, test_rules(), key_set({mint::jwk(key)})).detail == R"(no key has kid "other")");
  const KeySet two = key_set({mint::jwk(key), mint::jwk(mint::generate("ES256", "k1"))});
  const Refusal refusal = judge_token(mint::sign(key, valid_payload()), test_rules(), two);
  CHECK(refusal.reason == Reason::key_unknown);
  CHECK(refusal.detail == R"(two different keys of kid "k1" fit ES256)");
}

TEST_CASE("A token without a kid is tried with every fitting key") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const KeySet keys =
      key_set({mint::jwk(mint::generate("ES256", "a")), mint::jwk(mint::shared_key("RS256")), mint::jwk(key)});
  CHECK(judge_token(mint::sign(key, R"({"alg":"ES256"})", valid_payload()), test_rules(), keys).reason ==
        Reason::accepted);
  const std::string forged = mint::sign(mint::generate("ES256"), R"({"alg":"ES256"})", valid_payload());
  CHECK(judge_token(forged, test_rules(), keys).detail == "not the ES256 signature of any of 2 keys");
}

TEST_CASE("A payload or header changed after signing is refused") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string text = mint::sign(key, valid_payload());
  const std::string signature = text.substr(text.rfind('.'));
  const std::string header = text.substr(0, text.find('.') + 1);
  const std::string admin = encode_base64url(valid_payload(R"(,"admin":true)"));
  CHECK(judge_token(header + admin + signature, test_rules(), key_set({mint::jwk(key)})).reason ==
        Reason::signature_invalid);
}

TEST_CASE("The first failure names the reason, in the fixed order") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const mint::SigningKey forger = mint::generate("ES256");
  Rules rules = test_rules();
  rules.claims.push_back({ClaimPath::from_text("groups"), ClaimRule::Present{}});
  const KeySet keys = key_set({mint::jwk(key)});
  const std::string no_kid = R"({"alg":"ES256"})";
  // Each payload and header keeps every later fault.
  const std::string all = R"({"iss":"x","aud":"x","exp":1,"typ":"ID","cnf":{}})";
  CHECK(judge_token(mint::sign(forger, R"({"alg":"HS256","kid":"?"})", all, "ES256"), rules, keys).reason ==
        Reason::algorithm_not_allowed);
  CHECK(judge_token(mint::sign(forger, R"({"alg":"ES256","kid":"?"})", all), rules, keys).reason ==
        Reason::issuer_unknown);
  rules.any_issuer = true;
  CHECK(judge_token(mint::sign(forger, R"({"alg":"ES256","kid":"?"})", all), rules, keys).reason ==
        Reason::key_unknown);
  CHECK(judge_token(mint::sign(forger, no_kid, all), rules, keys).reason == Reason::signature_invalid);
  CHECK(judge_token(mint::sign(key, no_kid, all), rules, keys).reason == Reason::token_expired);
  rules.require_expiry = false;
  CHECK(judge_token(mint::sign(key, no_kid, R"({"aud":"x","typ":"ID","cnf":{}})"), rules, keys).reason ==
        Reason::audience_mismatch);
  rules.any_audience = true;
  CHECK(judge_token(mint::sign(key, no_kid, R"({"typ":"ID","cnf":{}})"), rules, keys).reason == Reason::type_mismatch);
  CHECK(judge_token(mint::sign(key, no_kid, R"({"cnf":{}})"), rules, keys).reason == Reason::proof_missing);
  CHECK(judge_token(mint::sign(key, no_kid, "{}"), rules, keys).reason == Reason::claim_missing);
  CHECK(judge_token(mint::sign(key, no_kid, R"({"groups":[]})"), rules, keys).reason == Reason::accepted);
}

TEST_CASE("Keys are worth a fetch only for a token that no other check refuses") {
  const auto worth = [](std::string_view payload, std::string_view alg = "ES256") {
    const std::string text =
        mint::sign(mint::shared_key("ES256"), R"({"alg":")" + std::string(alg) + R"(","kid":"new"})", payload, "ES256");
    return worth_a_key_fetch(parse_token(text).value(), test_rules(), test_now);
  };
  CHECK(worth(valid_payload()));
  CHECK_FALSE(worth(valid_payload(), "RS256"));
  CHECK_FALSE(worth(with_exp("1")));
  CHECK_FALSE(worth(with_exp("")));
  CHECK_FALSE(worth(with_aud(R"("other")")));
  CHECK_FALSE(worth(with_iss(R"("other")")));
  CHECK_FALSE(worth(valid_payload(R"(,"typ":"ID")")));
  CHECK_FALSE(worth(valid_payload(R"(,"nbf":1700000100)")));
}

TEST_CASE("A token has expired whatever else is wrong with it, and has not when only that is") {
  const auto expired = [](std::string_view payload) {
    const std::string text = mint::sign(mint::shared_key("ES256"), R"({"alg":"ES256","kid":"new"})", payload, "ES256");
    return has_expired(parse_token(text).value(), test_rules(), test_now);
  };
  CHECK(expired(with_exp("1")));
  CHECK(expired(R"({"iss":"other","aud":"other","exp":1})"));
  CHECK_FALSE(expired(valid_payload()));
  CHECK_FALSE(expired(with_exp("")));
  CHECK_FALSE(expired(with_aud(R"("other")")));
  CHECK_FALSE(expired(with_iss(R"("other")")));
  CHECK_FALSE(expired(valid_payload(R"(,"nbf":1700000100)")));
}

TEST_CASE("The signature alone is judged whatever the payload is") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const KeySet keys = key_set({mint::jwk(key)});
  SignatureContexts contexts;
  for (const char* payload : {"", "plain text", "\xFF", "{}"}) {
    const std::string text = mint::sign(key, R"({"alg":"ES256","kid":"k1"})", payload);
    const auto jws = parse_compact(text, true);
    REQUIRE(jws);
    CHECK_FALSE(verify_signature(*jws, test_rules(), keys, contexts));
    Rules rules = test_rules();
    rules.algorithms = only({"RS256"});
    CHECK(verify_signature(*jws, rules, keys, contexts)->reason == Reason::algorithm_not_allowed);
    CHECK(verify_signature(*jws, test_rules(), {}, contexts)->reason == Reason::key_unknown);
  }
}

TEST_CASE("The signature alone is refused when another key made it") {
  const KeySet keys = key_set({mint::jwk(mint::shared_key("ES256"))});
  SignatureContexts contexts;
  const std::string text = mint::sign(mint::generate("ES256", "k1"), "plain text");
  const auto refusal = verify_signature(parse_compact(text).value(), test_rules(), keys, contexts);
  REQUIRE(refusal);
  CHECK(refusal->reason == Reason::signature_invalid);
}

}  // namespace postern::jose
