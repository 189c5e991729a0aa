#include "filters/jose/jwks.hpp"

#include <doctest/doctest.h>

#include "tests/unit/jose/judge.hpp"

namespace postern::jose {
namespace {

std::size_t found(const KeySet& set, std::string_view kid, std::string_view alg) {
  return set.candidates(kid, *find_algorithm(alg)).size();
}

}  // namespace

TEST_CASE("One odd key never takes the good ones down, and is named with its reason") {
  const auto loaded = parse_jwks(mint::jwks({R"({"kty":"EC","crv":"P-256","kid":"odd","x":"AA","y":"AA"})", "7",
                                             R"({"kty":"new","kid":7})", mint::jwk(mint::shared_key("ES256"))}),
                                 false);
  REQUIRE(loaded);
  CHECK(loaded->keys.keys().size() == 1);
  REQUIRE(loaded->skipped.size() == 3);
  CHECK(loaded->skipped[0].name == "\"odd\"");
  CHECK(loaded->skipped[0].reason == "the point is not on P-256");
  CHECK(loaded->skipped[1].name == "#2");
  CHECK(loaded->skipped[1].reason == "it is no JSON object");
  CHECK(loaded->skipped[2].name == "#3");
}

TEST_CASE("Only a JSON object with an array `keys`, or a single JWK, is a set") {
  const auto fault = [](std::string_view text) {
    const auto loaded = parse_jwks(text, false);
    return loaded ? "read" : loaded.error();
  };
  CHECK(fault(R"({"keys":[]})") == "read");
  CHECK(fault(mint::jwk(mint::shared_key("ES256"))) == "read");
  CHECK(fault("") == "it is not JSON: The document is empty. (at byte 0)");
  CHECK(fault("<html>") == "it is not JSON: Invalid value. (at byte 0)");
  for (const std::string_view text : {"[]", "{}", R"({"keys":{}})", R"({"keys":null,"kty":"EC"})", "null"}) {
    CAPTURE(text);
    CHECK(fault(text) == "it is no JSON object with an array `keys`");
  }
  CHECK(fault(R"({"keys":[],"exp":0.000000000000000000001e-2147483639})") == "read");
}

TEST_CASE("A set holds at most 500 keys") {
  const auto set_of = [](std::size_t count) {
    std::string text = R"({"keys":[)";
    for (std::size_t i = 0; i < count; ++i) text += std::string(i == 0 ? "" : ",") + "{}";
    return parse_jwks(text + "]}", false).value().skipped;
  };
  CHECK(set_of(500).back().name == "#500");
  CHECK(set_of(501).back().name == "#501 and the rest");
  CHECK(set_of(501).back().reason == "a set holds at most 500 keys");
  CHECK(set_of(500).size() == 500);
  CHECK(set_of(502).size() == 501);
}

TEST_CASE("A kid is looked up by its exact bytes") {
  const KeySet set = key_set({mint::jwk(mint::shared_key("ES256"))});
  CHECK(found(set, "k1", "ES256") == 1);
  CHECK(found(set, "K1", "ES256") == 0);
  CHECK(found(set, std::string_view("k1\0", 3), "ES256") == 0);
  CHECK(found(set, "k", "ES256") == 0);
  CHECK(found(set, "../k1", "ES256") == 0);
  CHECK(found(set, std::string(8192, 'k'), "ES256") == 0);
}

TEST_CASE("One kid for several algorithms or uses is fine") {
  const mint::SigningKey rsa = mint::shared_key("RS256");
  mint::SigningKey other = mint::generate("RS256", "k1");
  const KeySet by_alg = key_set(
      {mint::jwk(rsa, R"("alg":"RS256")"), mint::jwk(other, R"("alg":"PS256")"), mint::jwk(mint::shared_key("ES256"))});
  CHECK(found(by_alg, "k1", "RS256") == 1);
  CHECK(found(by_alg, "k1", "PS256") == 1);
  CHECK(found(by_alg, "k1", "ES256") == 1);
  CHECK(found(by_alg, "k1", "RS512") == 0);
  const KeySet same_material = key_set({mint::jwk(rsa, R"("alg":"RS256")"), mint::jwk(rsa, R"("alg":"PS256")")});
  CHECK(found(same_material, "k1", "RS256") == 1);
  CHECK(found(same_material, "k1", "PS256") == 1);
  const KeySet by_use = key_set({mint::jwk(rsa, R"("use":"sig")"), mint::jwk(other, R"("use":"enc")")});
  CHECK(found(by_use, "k1", "RS256") == 1);
}

TEST_CASE("Two different fitting keys make a kid unusable for that algorithm, the same key twice does not") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const KeySet two = key_set({mint::jwk(key), mint::jwk(mint::generate("ES256", "k1"))});
  CHECK(found(two, "k1", "ES256") == 0);
  CHECK(two.candidates("k1", *find_algorithm("ES256")).ambiguous());
  const KeySet same = key_set({mint::jwk(key), mint::jwk(key), mint::jwk(key, R"("use":"sig")")});
  CHECK(same.keys().size() == 2);
  CHECK(found(same, "k1", "ES256") == 1);
}

TEST_CASE("One key may have two kids") {
  const mint::SigningKey key = mint::shared_key("ES256");
  mint::SigningKey renamed = key;
  renamed.kid = "k2";
  const KeySet set = key_set({mint::jwk(key), mint::jwk(renamed)});
  CHECK(set.keys().size() == 2);
  CHECK(found(set, "k1", "ES256") == 1);
  CHECK(found(set, "k2", "ES256") == 1);
  CHECK(found(set, "", "ES256") == 1);
}

TEST_CASE("Without a kid every fitting key is a candidate, up to eight") {
  std::vector<Key> keys;
  for (int i = 0; i < 9; ++i) keys.push_back(make_secret_key(Secret(std::string(32, static_cast<char>('a' + i)))));
  CHECK(found(KeySet({keys.begin(), keys.begin() + 8}), "", "HS256") == 8);
  CHECK(found(KeySet(keys), "", "HS256") == 8);
  CHECK(found(KeySet(keys), "", "ES256") == 0);
  CHECK(found(key_set({mint::jwk(mint::shared_key("ES256"))}), "", "ES256") == 1);
}

TEST_CASE("Keys without a kid serve every kid that no other key has") {
  mint::SigningKey unnamed = mint::generate("ES256", "");
  const KeySet set = key_set({mint::jwk(unnamed), mint::jwk(mint::shared_key("ES256"))});
  CHECK(found(set, "other", "ES256") == 1);
  CHECK((*set.candidates("other", *find_algorithm("ES256")).begin())->kid.empty());
  CHECK((*set.candidates("k1", *find_algorithm("ES256")).begin())->kid == "k1");
  CHECK(found(set, "k1", "ES256") == 1);
  CHECK(found(set, "", "ES256") == 2);
}

TEST_CASE("Sets of several sources merge, identical keys once") {
  KeySet set = key_set({mint::jwk(mint::shared_key("ES256"))});
  set.merge(key_set({mint::jwk(mint::shared_key("ES256")), mint::jwk(mint::shared_key("ES384"))}));
  CHECK(set.keys().size() == 2);
}

TEST_CASE("Two sets are the same whatever their order, and not when one has more") {
  const std::string one = mint::jwk(mint::shared_key("ES256")), other = mint::jwk(mint::shared_key("ES384"));
  CHECK(key_set({one, other}).same_keys(key_set({other, one})));
  CHECK_FALSE(key_set({one}).same_keys(key_set({one, other})));
  CHECK_FALSE(key_set({one, other}).same_keys(key_set({one})));
  CHECK_FALSE(key_set({one}).same_keys(key_set({other})));
}

}  // namespace postern::jose
