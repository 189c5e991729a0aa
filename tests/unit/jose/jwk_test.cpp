#include "filters/jose/jwk.hpp"

#include <doctest/doctest.h>

#include "filters/jose/key_material.hpp"
#include "tests/unit/jose/mint.hpp"

namespace postern::jose {
namespace {

tl::expected<Key, std::string> load(std::string_view jwk, bool allow_secret = true) {
  return parse_jwk(parse_json(jwk).value(), allow_secret);
}

// What makes it unusable, or "usable".
std::string bad_jwk(std::string_view jwk, bool allow_secret = true) {
  const auto key = load(jwk, allow_secret);
  return key ? "usable" : key.error();
}

bool fits(const Key& key, std::string_view alg) {
  return key.fits(*find_algorithm(alg));
}

std::string rsa_jwk(std::string_view modulus, std::string_view exponent) {
  return R"({"kty":"RSA","n":")" + encode_base64url(modulus) + R"(","e":")" + encode_base64url(exponent) + "\"}";
}

std::string okp(std::string_view curve, std::string_view x) {
  return R"({"kty":"OKP","crv":")" + std::string(curve) + R"(","x":")" + encode_base64url(x) + "\"}";
}

std::string modulus_of(std::size_t bytes, unsigned char first) {
  std::string modulus(bytes, '\x5A');
  modulus.front() = static_cast<char>(first);
  modulus.back() = '\x01';
  return modulus;
}

const std::string exponent_65537("\x01\x00\x01", 3);

}  // namespace

TEST_CASE("RFC 7638's example has the thumbprint printed there") {
  const auto key = load(
      R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})");
  REQUIRE(key);
  CHECK(key->thumbprint.text() == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  CHECK(key->kid == "2011-04-29");
  CHECK(key->bits == 2048);
  CHECK(key->description() == "RSA 2048 bits");
}

TEST_CASE("RFC 8037's Ed25519 key has the thumbprint printed there") {
  const auto key = load(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  REQUIRE(key);
  CHECK(key->thumbprint.text() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST_CASE("An RSA modulus is accepted from 2048 to 16384 bits") {
  CHECK(bad_jwk(rsa_jwk(modulus_of(256, 0x80), exponent_65537)) == "usable");
  CHECK(bad_jwk(rsa_jwk(modulus_of(256, 0x7F), exponent_65537)) == "RSA modulus has 2047 bits, 2048 needed");
  CHECK(bad_jwk(rsa_jwk(modulus_of(128, 0x80), exponent_65537)) == "RSA modulus has 1024 bits, 2048 needed");
  CHECK(bad_jwk(rsa_jwk(modulus_of(2048, 0xFF), exponent_65537)) == "usable");
  CHECK(bad_jwk(rsa_jwk(modulus_of(2049, 0x01), exponent_65537)) ==
        "RSA modulus has 16385 bits, at most 16384 allowed");
}

TEST_CASE("Leading zeros neither lengthen a modulus nor make it another key") {
  const std::string modulus = modulus_of(256, 0x80);
  const std::string zero(1, '\0');
  CHECK(load(rsa_jwk(zero + modulus, zero + exponent_65537))->thumbprint ==
        load(rsa_jwk(modulus, exponent_65537))->thumbprint);
  CHECK(bad_jwk(rsa_jwk(std::string(256, '\0') + "\x01", exponent_65537)) == "RSA modulus has 1 bits, 2048 needed");
}

TEST_CASE("An RSA exponent must be odd, above 1 and at most 64 bits long") {
  const std::string modulus = modulus_of(256, 0x80);
  CHECK(bad_jwk(rsa_jwk(modulus, "\x03")) == "usable");
  CHECK(bad_jwk(rsa_jwk(modulus, "\x01")) == "RSA exponent is 1, which verifies anything");
  CHECK(bad_jwk(rsa_jwk(modulus, std::string(1, '\0'))) == "RSA exponent is even");
  CHECK(bad_jwk(rsa_jwk(modulus, "\x02")) == "RSA exponent is even");
  CHECK(bad_jwk(rsa_jwk(modulus, std::string(8, '\xFF'))) == "usable");
  CHECK(bad_jwk(rsa_jwk(modulus, std::string(9, '\x01'))) == "RSA exponent has 65 bits, at most 64 allowed");
  std::string even = modulus;
  even.back() = '\x02';
  CHECK(bad_jwk(rsa_jwk(even, exponent_65537)) == "RSA modulus is even");
}

TEST_CASE("Keys of every curve load and fit their own algorithm alone") {
  for (const std::string_view alg : {"ES256", "ES384", "ES512", "ES256K", "EdDSA"}) {
    CAPTURE(alg);
    const auto key = load(mint::jwk(mint::shared_key(alg)));
    REQUIRE(key);
    for (const Algorithm& other : algorithms()) CHECK(key->fits(other) == (other.name == alg));
  }
  const auto ed448 = load(mint::jwk(mint::generate("Ed448")));
  REQUIRE(ed448);
  CHECK(fits(*ed448, "EdDSA"));
}

TEST_CASE("A point off its curve, or on another one, is refused") {
  const auto point = [](std::string_view curve, const std::string& x, const std::string& y) {
    return R"({"kty":"EC","crv":")" + std::string(curve) + R"(","x":")" + encode_base64url(x) + R"(","y":")" +
           encode_base64url(y) + "\"}";
  };
  const std::string one = std::string(31, '\0') + "\x01";
  CHECK(bad_jwk(point("P-256", one, one)) == "the point is not on P-256");
  CHECK(bad_jwk(point("P-256", std::string(32, '\0'), std::string(32, '\0'))) == "the point is not on P-256");
  CHECK(bad_jwk(point("P-256", std::string(32, '\xFF'), one)) == "the point is not on P-256");
  CHECK(bad_jwk(point("P-256", "\x01" + one, one)) == "a coordinate is longer than P-256's field");
  CHECK(bad_jwk(point("P-224", one, one)) == "curve \"P-224\" is not supported for EC keys");
  CHECK(bad_jwk(point("Ed25519", one, one)) == "curve \"Ed25519\" is not supported for EC keys");
  std::string moved = mint::jwk(mint::shared_key("ES256"));
  moved.replace(moved.find("P-256"), 5, "secp256k1");
  CHECK(bad_jwk(moved) == "the point is not on secp256k1");
}

TEST_CASE("Coordinates that lost their leading zeros are the same key") {
  mint::SigningKey key = mint::generate("ES256");
  for (;;) {  // about one key in 128
    const std::string x = *decode_base64url(mint::number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, 32));
    if (x.front() == '\0') break;
    key = mint::generate("ES256");
  }
  const std::string full = mint::jwk(key);
  std::string shortened = full;
  const std::string x = mint::number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
  shortened.replace(shortened.find(x), x.size(), mint::number_of(key, OSSL_PKEY_PARAM_EC_PUB_X));
  REQUIRE(shortened.size() < full.size());
  CHECK(load(shortened)->thumbprint == load(full)->thumbprint);
}

TEST_CASE("A coordinate may begin with more zeros than its field has room for, and with nothing else") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string full = mint::jwk(key);
  const std::string x = mint::number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
  const auto with_x = [&](const std::string& bytes) {
    std::string changed = full;
    return changed.replace(changed.find(x), x.size(), encode_base64url(bytes));
  };
  const std::string bytes = *decode_base64url(x);
  CHECK(load(with_x(std::string(2, '\0') + bytes)).value().thumbprint == load(full).value().thumbprint);
  CHECK(bad_jwk(with_x("\x01" + bytes)) == "a coordinate is longer than P-256's field");
}

TEST_CASE("OKP keys have exactly their curve's bytes, and curves for key agreement are refused") {
  CHECK(bad_jwk(mint::jwk(mint::shared_key("EdDSA"))) == "usable");
  CHECK(bad_jwk(okp("Ed25519", std::string(31, 'x'))) == "Ed25519 key has 31 bytes, 32 needed");
  CHECK(bad_jwk(okp("Ed25519", std::string(33, 'x'))) == "Ed25519 key has 33 bytes, 32 needed");
  CHECK(bad_jwk(mint::jwk(mint::generate("Ed448"))) == "usable");
  CHECK(bad_jwk(okp("Ed448", std::string(56, 'x'))) == "Ed448 key has 56 bytes, 57 needed");
  CHECK(bad_jwk(okp("Ed448", std::string(58, 'x'))) == "Ed448 key has 58 bytes, 57 needed");
  CHECK(bad_jwk(okp("X25519", std::string(32, 'x'))) == "curve \"X25519\" is not supported for OKP keys");
}

// RFC 8032 sections 5.1.3 and 5.2.3. OpenSSL takes the bytes of such a key without a look, and under some of them
// verifies signatures that anybody can write.
TEST_CASE("OKP keys are points of their curve, of large order") {
  const std::string ff27(27, '\xFF'), zero28(28, '\0');
  const std::string p448 = std::string(28, '\xFF') + '\xFE' + ff27;  // its 56 bytes; the sign of x has one more
  std::string p25519(32, '\xFF');
  p25519.front() = '\xED';
  p25519.back() = '\x7F';
  const auto with_first = [](std::string number, char first) {
    number.front() = first;
    return number;
  };
  struct Row {
    std::string curve, y;
    const char* fault;
  };
  const char* const small = "key is of small order, which verifies anything";
  const char* const none = "the point is not on";
  const Row rows[] = {
      {"Ed25519", std::string(32, '\0'), small},
      {"Ed25519", '\x01' + std::string(31, '\0'), small},
      {"Ed25519", with_first(p25519, '\xEC'), small},
      {"Ed25519", *decode_hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), small},
      {"Ed25519", *decode_hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), small},
      {"Ed25519", p25519, none},
      {"Ed25519", with_first(p25519, '\xEE'), none},
      {"Ed25519", '\x02' + std::string(31, '\0'), none},
      {"Ed448", std::string(57, '\0'), small},
      {"Ed448", '\x01' + std::string(56, '\0'), small},
      {"Ed448", with_first(p448, '\xFE') + '\0', small},
      {"Ed448", p448 + '\0', none},
      {"Ed448", zero28 + std::string(28, '\xFF') + '\0', none},  // p + 1
      {"Ed448", std::string(56, 'x') + '\x01', none},            // a bit above the field
      {"Ed448", '\x02' + std::string(56, '\0'), none},
  };
  for (const Row& row : rows) {
    for (const char sign : {'\0', '\x80'}) {
      std::string encoded = row.y;
      encoded.back() = static_cast<char>(encoded.back() | sign);
      CAPTURE(encode_base64url(encoded));
      CHECK(bad_jwk(okp(row.curve, encoded)).find(row.fault) != std::string::npos);
    }
  }
  for (int i = 0; i < 50; ++i) {
    CHECK(bad_jwk(mint::jwk(mint::generate("EdDSA"))) == "usable");
    CHECK(bad_jwk(mint::jwk(mint::generate("Ed448"))) == "usable");
  }
}

TEST_CASE("A secret key is taken only where it may be, and fits hashes up to its own length") {
  const auto oct = [](std::size_t bytes) {
    return R"({"kty":"oct","k":")" + encode_base64url(std::string(bytes, 'k')) + "\"}";
  };
  CHECK(bad_jwk(oct(32)) == "usable");
  CHECK(bad_jwk(oct(31)) == "HMAC key has 248 bits, 256 needed");
  CHECK(bad_jwk(oct(32), false) == "a secret key (`kty` oct) is not taken from here");
  CHECK(bad_jwk(R"({"kty":"oct","k":""})") == "`k` is empty");
  const auto key = load(oct(47));
  CHECK(fits(*key, "HS256"));
  CHECK_FALSE(fits(*key, "HS384"));
  CHECK(fits(*load(oct(48)), "HS384"));
  CHECK_FALSE(fits(*load(oct(63)), "HS512"));
  CHECK(fits(*load(oct(64)), "HS512"));
  CHECK_FALSE(fits(*load(oct(64)), "RS256"));
}

TEST_CASE("`alg`, `use` and `key_ops` restrict when present, and nothing when absent or null") {
  const mint::SigningKey rsa = mint::shared_key("RS256");
  const auto with = [&](std::string_view more) { return load(mint::jwk(rsa, more)).value(); };
  CHECK(fits(with(""), "RS256"));
  CHECK(fits(with(""), "PS512"));
  CHECK(fits(with(R"("alg":null,"use":null,"key_ops":null)"), "RS512"));
  CHECK(fits(with(R"("alg":"PS256")"), "PS256"));
  CHECK_FALSE(fits(with(R"("alg":"PS256")"), "RS256"));
  CHECK(fits(with(R"("use":"sig","key_ops":["sign","verify"])"), "RS256"));
}

TEST_CASE("A key that may verify nothing is unusable and says why") {
  const mint::SigningKey rsa = mint::shared_key("RS256");
  const auto fault = [&](std::string_view more) { return bad_jwk(mint::jwk(rsa, more)); };
  CHECK(fault(R"("use":"enc")") == "its `use` is \"enc\", not sig");
  CHECK(fault(R"("key_ops":["encrypt","wrapKey"])") == "its `key_ops` do not name verify");
  CHECK(fault(R"("key_ops":[])") == "its `key_ops` do not name verify");
  CHECK(fault(R"("alg":"RSA-OAEP")") == "its `alg` \"RSA-OAEP\" is no signature algorithm for RSA 2048 bits");
  CHECK(fault(R"("alg":"ES256")") == "its `alg` \"ES256\" is no signature algorithm for RSA 2048 bits");
  CHECK(fault(R"("alg":"none")") == "its `alg` \"none\" is no signature algorithm for RSA 2048 bits");
}

TEST_CASE("Members of the wrong type make that key unusable") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const auto fault = [&](std::string_view more) {
    return bad_jwk("{" + mint::public_members(key) + std::string(more) + "}");
  };
  CHECK(fault(R"(,"kid":7)") == "`kid` is no string");
  CHECK(fault(R"(,"alg":["ES256"])") == "`alg` is no string");
  CHECK(fault(R"(,"use":1)") == "`use` is no string");
  CHECK(fault(R"(,"key_ops":"verify")") == "`key_ops` is no array of strings");
  CHECK(fault(R"(,"key_ops":[1])") == "`key_ops` is no array of strings");
  CHECK(bad_jwk("[]") == "it is no JSON object");
  CHECK(bad_jwk("{}") == "`kty` is missing or no string");
  CHECK(bad_jwk(R"({"kty":"rsa"})") == "`kty` \"rsa\" is not supported");
  CHECK(bad_jwk(R"({"kty":"RSA","e":"AQAB"})") == "`n` is missing");
  CHECK(bad_jwk(R"({"kty":"RSA","n":5,"e":"AQAB"})") == "`n` is no string");
  CHECK(bad_jwk(R"({"kty":"RSA","n":"a+b/","e":"AQAB"})") == "`n` is not base64url");
  CHECK(bad_jwk(R"({"kty":"EC","x":"AA","y":"AA"})") == "`crv` is missing or no string");
}

TEST_CASE("A private JWK is loaded by its public half, without a look at the private one") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const auto loaded = load(mint::jwk(key, R"("d":"not even base64 !")"));
  REQUIRE(loaded);
  CHECK(loaded->thumbprint == load(mint::jwk(key))->thumbprint);
}

}  // namespace postern::jose
