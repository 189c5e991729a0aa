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

TEST_CASE("A key with two members of one name or a lone surrogate, however deep, is skipped alone") {
  constexpr const char* two = "an object has two members of one name";
  constexpr const char* name = "a member name is not valid UTF-8";
  constexpr const char* text = "a string is not valid UTF-8";
  const std::string es256 = mint::jwk(mint::shared_key("ES256"));
  const std::string one = mint::jwk(mint::shared_key("ES384")), other = mint::jwk(mint::shared_key("RS256"));
  const auto with = [&](const std::string& members) { return es256.substr(0, es256.size() - 1) + "," + members + "}"; };
  const std::pair<std::string, const char*> kinds[] = {
      {with(R"("kid":"k1")"), two},
      {with(R"("\u006bid":"other")"), two},
      {with(R"("a":1,"a":2)"), two},
      {with(R"("a":{"b":1,"b":2})"), two},
      {with(R"("a":[1,[{"c":{"b":[],"b":{}}}],2],"d":{"e":{}})"), two},
      {with(R"("a":1,"a":"\udc00","b":{"\udc00":1})"), text},
      {with(R"("a":"\udc00")"), text},
      {with(R"("a":{"b":["x","\udc00",{}]})"), text},
      {with(R"("\udc00":1)"), name},
      {with(R"("\udc00":{"a":{}})"), name},
      {with(R"("a":{"b":[{},{"\udc00":{"c":[]}}]})"), name},
      {R"([{"a":1,"a":2}])", two},
      {R"("\udc00")", text},
  };
  for (const auto& kind : kinds) {  // clang 14 captures no structured binding
    const auto& odd = kind.first;
    for (std::size_t at = 0; at < 3; ++at) {
      CAPTURE(odd);
      CAPTURE(at);
      const auto loaded = parse_jwks(at == 0   ? mint::jwks({odd, one, other})
                                     : at == 1 ? mint::jwks({one, odd, other})
                                               : mint::jwks({one, other, odd}),
                                     false);
      REQUIRE(loaded);
      CHECK(loaded->keys.same_keys(key_set({one, other})));
      REQUIRE(loaded->skipped.size() == 1);
      CHECK(loaded->skipped[0].name == "#" + std::to_string(at + 1));
      CHECK(loaded->skipped[0].reason == kind.second);
    }
  }
}

TEST_CASE("Every odd key of a set is skipped, each with its own reason, and what is around `keys` is no part of them") {
  const std::string good = mint::jwk(mint::shared_key("ES256"));
  const auto loaded =
      parse_jwks(R"({"a":{"keys":[1]},"k\u0065ys":[{"a":1,"a":2},{"kty":"new","kid":"b"},{"c":"\udc00"},)" + good +
                     R"(],"z":[{"keys":[{}]}]})",
                 false);
  REQUIRE(loaded);
  CHECK(loaded->keys.same_keys(key_set({good})));
  REQUIRE(loaded->skipped.size() == 3);
  CHECK(loaded->skipped[0].name == "#1");
  CHECK(loaded->skipped[1].name == "\"b\"");
  CHECK(loaded->skipped[2].name == "#3");
  CHECK(loaded->skipped[2].reason == "a string is not valid UTF-8");
}

TEST_CASE("What is odd outside the keys of a set, or no JSON inside them, makes it none") {
  const std::string good = mint::jwk(mint::shared_key("ES256"));
  const auto fault = [](const std::string& text) {
    const auto loaded = parse_jwks(text, false);
    return loaded ? "read" : loaded.error().substr(0, loaded.error().find(" (at"));
  };
  const std::string two = "it is not JSON: an object has two members of one name";
  CHECK(fault(R"({"keys":[)" + good + R"(],"keys":[]})") == two);
  CHECK(fault(R"({"keys":[{"a":1,"a":2}],"keys":[{"a":1,"a":2}]})") == two);
  CHECK(fault(R"({"keys":[)" + good + R"(],"a":1,"a":2})") == two);
  CHECK(fault(R"({"keys":[)" + good + R"(],"a":{"b":1,"b":2}})") == two);
  CHECK(fault(R"({"a":[{"b":1,"b":2}],"keys":[)" + good + "]}") == two);
  CHECK(fault(R"({"keys":{"a":1,"a":2}})") == two);
  CHECK(fault(R"({"keys":{"keys":[{"a":1,"a":2}]}})") == two);
  CHECK(fault(R"([[{"a":1,"a":2}]])") == two);
  CHECK(fault(R"([{"keys":[{"a":1,"a":2}]}])") == two);
  CHECK(fault(R"({"a":1,"a":2})") == two);
  CHECK(fault(good.substr(0, good.size() - 1) + R"(,"kid":"k1"})") == two);
  CHECK(fault(R"({"keys":[],"a":"\udc00"})") == "it is not JSON: a string is not valid UTF-8");
  CHECK(fault(R"({"keys":"\udc00"})") == "it is not JSON: a string is not valid UTF-8");
  CHECK(fault(R"({"\udc00":[],"keys":[]})") == "it is not JSON: a member name is not valid UTF-8");
  CHECK(fault(R"({"keys":[],"\udc00":[]})") == "it is not JSON: a member name is not valid UTF-8");
  for (const std::string odd : {R"({"a":1,"a":2)", R"({"a":1,"a":2]})", R"({"a":1,"a":2},)", R"({"a":1,"a":2}},)",
                                R"({"a":1,"a":2} 1)", R"({"a":1,"a":2,})", R"({"a":1,"a":tru})", R"({"a":"\ud800"})",
                                "{\"a\":1,\"a\":\"\xFF\"}", "{\"a\":1,\"a\":\"\x01\"}"}) {
    CAPTURE(odd);
    CHECK(fault(R"({"keys":[)" + odd + "," + good + "]}").starts_with("it is not JSON: "));
    CHECK(fault(R"({"keys":[)" + good + "," + odd + "]}").starts_with("it is not JSON: "));
  }
}

TEST_CASE("The limits hold for the whole text of a set, odd keys included") {
  const auto fault = [](const std::string& text) {
    const auto loaded = parse_jwks(text, false);
    return loaded ? "read" : loaded.error().substr(0, loaded.error().find(" (at"));
  };
  const auto deep = [](std::size_t depth) {  // of the odd key
    return R"({"keys":[{"a":1,"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}]}";
  };
  CHECK(fault(deep(30)) == "read");
  CHECK(fault(deep(31)) == "it is not JSON: nested too deep");
  const auto many = [](std::size_t values) {  // with the object, `keys`, the first key and its two, the other key
    std::string text = R"({"keys":[{"a":1,"a":2},[0)";
    for (std::size_t i = 7; i < values; ++i) text += ",0";
    return text + "]]}";
  };
  CHECK(fault(many(100'000)) == "read");
  CHECK(fault(many(100'001)) == "it is not JSON: too many values");
  const auto long_text = [](std::size_t bytes) {
    const std::string begin = R"({"keys":[{"a":1,"a":")", end = R"("}]})";
    return begin + std::string(bytes - begin.size() - end.size(), 'x') + end;
  };
  CHECK(fault(long_text(1 << 20)) == "read");
  CHECK(fault(long_text((1 << 20) + 1)) == "it is not JSON: the text is too long");
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
  const auto set_of = [](std::size_t count, const std::string& key = "{}") {
    std::string text = R"({"keys":[)";
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ",") + key;
    return parse_jwks(text + "]}", false).value().skipped;
  };
  CHECK(set_of(500).back().name == "#500");
  CHECK(set_of(501).back().name == "#501 and the rest");
  CHECK(set_of(501).back().reason == "a set holds at most 500 keys");
  CHECK(set_of(500).size() == 500);
  CHECK(set_of(502).size() == 501);
  CHECK(set_of(500, R"({"a":1,"a":2})").back().reason == "an object has two members of one name");
  CHECK(set_of(501, R"({"a":1,"a":2})").back().name == "#501 and the rest");
  CHECK(set_of(502, R"({"a":1,"a":2})").size() == 501);
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
