#include "filters/jose/signature.hpp"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include "tests/unit/jose/judge.hpp"

namespace postern::jose {
namespace {

const std::string input = "header.payload";

Key key_of(const mint::SigningKey& key) {
  return parse_jwk(parse_json(mint::jwk(key)).value(), true).value();
}

bool verifies(const mint::SigningKey& key, std::string_view alg, std::string_view signature) {
  SignatureContexts contexts;
  return contexts.verify(key_of(key), *find_algorithm(alg), input, signature);
}

std::string doubled(std::string_view half) {
  return std::string(half) + std::string(half);
}

// The order n of P-256 (FIPS 186-4 D.1.2.3).
const std::string p256_order = *decode_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

}  // namespace

TEST_CASE("Every algorithm verifies its own signature, again and again in one context") {
  SignatureContexts contexts;
  for (const Algorithm& algorithm : algorithms()) {
    CAPTURE(algorithm.name);
    const mint::SigningKey key = mint::shared_key(algorithm.name);
    const Key loaded = key_of(key);
    const std::string signature = mint::sign_bytes(key, input);
    for (int i = 0; i < 3; ++i) {
      CHECK(contexts.verify(loaded, algorithm, input, signature));
      CHECK_FALSE(contexts.verify(loaded, algorithm, "header.changed", signature));
      CHECK_FALSE(contexts.verify(loaded, algorithm, input, signature.substr(1)));
      CHECK_FALSE(contexts.verify(loaded, algorithm, input, signature + std::string(1, '\0')));
      CHECK_FALSE(contexts.verify(loaded, algorithm, input, ""));
    }
  }
}

TEST_CASE("Ed448 verifies beside Ed25519, and neither takes the other's signature") {
  const mint::SigningKey ed448 = mint::generate("Ed448");
  CHECK(verifies(ed448, "EdDSA", mint::sign_bytes(ed448, input)));
  CHECK_FALSE(verifies(ed448, "EdDSA", mint::sign_bytes(mint::shared_key("EdDSA"), input)));
}

TEST_CASE("No algorithm accepts the signature of another with the same key") {
  const mint::SigningKey rsa = mint::shared_key("RS256");
  for (const std::string_view made : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) {
    for (const std::string_view checked : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) {
      CAPTURE(made);
      CAPTURE(checked);
      CHECK(verifies(rsa, checked, mint::sign_bytes(rsa, input, made)) == (made == checked));
    }
  }
}

TEST_CASE("A PSS salt is exactly as long as the hash") {
  const mint::SigningKey rsa = mint::shared_key("PS256");
  CHECK(verifies(rsa, "PS256", mint::sign_bytes(rsa, input, "PS256", 32)));
  for (const int salt : {0, 20, 31, 33, 64}) {
    CAPTURE(salt);
    CHECK_FALSE(verifies(rsa, "PS256", mint::sign_bytes(rsa, input, "PS256", salt)));
  }
}

TEST_CASE("An RSA signature is exactly as long as the modulus, whatever zeros it begins with") {
  for (const std::string_view alg : {"RS256", "PS256"}) {
    CAPTURE(alg);
    const mint::SigningKey rsa = mint::shared_key(alg);
    std::string message = "0", signature = mint::sign_bytes(rsa, message);
    for (int i = 1; signature.front() != '\0'; ++i) {  // about one in 256
      message = std::to_string(i);
      signature = mint::sign_bytes(rsa, message);
    }
    SignatureContexts contexts;
    const auto verifies_as = [&](std::string_view given) {
      return contexts.verify(key_of(rsa), *find_algorithm(alg), message, given);
    };
    CHECK(verifies_as(signature));
    CHECK_FALSE(verifies_as(std::string_view(signature).substr(1)));
    CHECK_FALSE(verifies_as(std::string(1, '\0') + signature));
  }
}

TEST_CASE("An HMAC made with a public key's bytes never meets a public key") {
  const mint::SigningKey rsa = mint::shared_key("RS256");
  const std::string mac = mint::sign_bytes({"HS256", "", nullptr, mint::jwk(rsa)}, input);
  CHECK_FALSE(verifies(rsa, "HS256", mac));
  CHECK_FALSE(verifies(rsa, "RS256", mac));
}

TEST_CASE("An HMAC with an empty or short key never verifies") {
  SignatureContexts contexts;
  for (const std::size_t bytes : {0, 1, 31}) {
    const std::string secret(bytes, 's');
    const std::string mac = mint::sign_bytes({"HS256", "", nullptr, secret}, input);
    CHECK_FALSE(contexts.verify(make_secret_key(Secret(secret)), *find_algorithm("HS256"), input, mac));
  }
  const std::string secret(32, 's');
  const std::string mac = mint::sign_bytes({"HS256", "", nullptr, secret}, input);
  CHECK(contexts.verify(make_secret_key(Secret(secret)), *find_algorithm("HS256"), input, mac));
}

TEST_CASE("ECDSA signatures with r or s of zero, of the order or above never verify") {
  const mint::SigningKey key = mint::shared_key("ES256");
  const std::string good = mint::sign_bytes(key, input);
  const std::string zero(32, '\0');
  const std::string above(32, '\xFF');
  REQUIRE(verifies(key, "ES256", good));
  CHECK_FALSE(verifies(key, "ES256", doubled(zero)));
  CHECK_FALSE(verifies(key, "ES256", doubled(p256_order)));
  for (const std::string& half : {zero, p256_order, above}) {
    CHECK_FALSE(verifies(key, "ES256", half + good.substr(32)));
    CHECK_FALSE(verifies(key, "ES256", good.substr(0, 32) + half));
  }
}

TEST_CASE("ECDSA signatures are exactly r||s of the curve's width, never DER") {
  for (const std::string_view alg : {"ES256", "ES384", "ES512", "ES256K"}) {
    CAPTURE(alg);
    const mint::SigningKey key = mint::shared_key(alg);
    const std::string raw = mint::sign_bytes(key, input);
    const std::size_t width = raw.size() / 2;
    const std::string zero(1, '\0');
    CHECK(verifies(key, alg, raw));
    CHECK_FALSE(verifies(key, alg, zero + raw.substr(0, width) + zero + raw.substr(width)));
    CHECK_FALSE(verifies(key, alg, raw + zero));
    const std::string digest = std::string("SHA") + std::string(alg).substr(2, 3);
    std::string der(256, '\0');
    std::size_t length = der.size();
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    REQUIRE(EVP_DigestSignInit_ex(context, nullptr, digest.c_str(), nullptr, nullptr, key.pair.get(), nullptr) == 1);
    REQUIRE(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(der.data()), &length,
                           reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1);
    EVP_MD_CTX_free(context);
    CHECK_FALSE(verifies(key, alg, der.substr(0, length)));
  }
}

TEST_CASE("Two keys of one algorithm never share a context, and equal material does") {
  SignatureContexts contexts;
  const Algorithm& es256 = *find_algorithm("ES256");
  const mint::SigningKey one = mint::generate("ES256");
  const mint::SigningKey two = mint::generate("ES256");
  CHECK(contexts.verify(key_of(one), es256, input, mint::sign_bytes(one, input)));
  CHECK_FALSE(contexts.verify(key_of(two), es256, input, mint::sign_bytes(one, input)));
  CHECK(contexts.verify(key_of(two), es256, input, mint::sign_bytes(two, input)));
  Key unnamed = key_of(one);
  unnamed.thumbprint = {};
  CHECK_FALSE(contexts.verify(unnamed, es256, input, mint::sign_bytes(one, input)));
}

TEST_CASE("A key that does not fit the algorithm is not even tried") {
  SignatureContexts contexts;
  Key key = key_of(mint::shared_key("RS256"));
  key.alg = "PS256";
  CHECK_FALSE(
      contexts.verify(key, *find_algorithm("RS256"), input, mint::sign_bytes(mint::shared_key("RS256"), input)));
}

TEST_CASE("More keys than are kept still all verify") {
  SignatureContexts contexts;
  const Algorithm& hs256 = *find_algorithm("HS256");
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 300; ++i) {
      const std::string secret = std::string(32, 'k') + std::to_string(i);
      const std::string mac = mint::sign_bytes({"HS256", "", nullptr, secret}, input);
      CHECK(contexts.verify(make_secret_key(Secret(secret)), hs256, input, mac));
    }
  }
}

TEST_CASE("A failed check leaves nothing in OpenSSL's error queue") {
  ERR_clear_error();
  for (const std::string_view alg : {"RS256", "PS256", "ES256", "EdDSA"}) {
    CAPTURE(alg);
    const bool is_rsa = alg == "RS256" || alg == "PS256";  // of any other length, OpenSSL is not asked
    CHECK_FALSE(verifies(mint::shared_key(alg), alg, std::string(is_rsa ? 256 : 64, 'x')));
    CHECK(ERR_peek_error() == 0);
  }
  CHECK_FALSE(parse_jwk(parse_json(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})").value(), false));
  CHECK(ERR_peek_error() == 0);
}

}  // namespace postern::jose
