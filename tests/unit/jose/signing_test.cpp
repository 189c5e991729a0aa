#include "filters/jose/signing.hpp"

#include <doctest/doctest.h>
#include <openssl/err.h>

#include <algorithm>
#include <functional>
#include <map>

#include "filters/jose/public_key.hpp"
#include "tests/unit/jose/judge.hpp"

namespace postern::jose {
namespace {

constexpr const char* service_algorithms[] = {"ES256", "ES384", "EdDSA", "RS256", "PS256"};

const SigningKey& key_for(std::string_view alg) {
  static std::map<std::string, SigningKey, std::less<>> keys;
  const auto known = keys.find(alg);
  if (known != keys.end()) return known->second;
  return keys.emplace(alg, SigningKey::generate(*find_algorithm(alg)).value()).first->second;
}

std::string token_of(const SigningKey& key) {
  return key.sign(R"({"alg":")" + std::string(key.algorithm().name) + R"(","kid":")" + key.kid() + "\"}",
                  valid_payload());
}

// A key set as another program would read it from a published document.
KeySet published(const SigningKey& key) {
  auto loaded = parse_jwks(R"({"keys":[)" + to_jwk(key.public_key()).to_text() + "]}", false).value();
  REQUIRE(loaded.skipped.empty());
  return std::move(loaded.keys);
}

Reason judged(const SigningKey& key, const KeySet& keys) {
  Rules rules = test_rules();
  rules.algorithms = only({key.algorithm().name});
  return judge_token(token_of(key), rules, keys).reason;
}

Secret pem_of_der(std::string_view der) {
  return Secret("-----BEGIN PRIVATE KEY-----\n" + encode_base64(der) + "\n-----END PRIVATE KEY-----\n");
}

std::string der_of_pem(const Secret& pem) {
  std::string text;
  for (std::string_view rest = pem.reveal(); !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size() - 1);
    if (!rest.starts_with('-')) text += rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  return decode_base64(text).value();
}

std::string fault_in_pem(const Secret& pem, std::string_view alg) {
  const auto key = SigningKey::from_pem(pem, *find_algorithm(alg));
  CHECK(ERR_peek_error() == 0);
  return key ? "none" : key.error();
}

// RFC 7515 A.2's private key, as PKCS #8.
constexpr std::string_view rfc7515_rsa_key =
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXOjS1lYmM2K5J9vinh8CR3/BYlzJChNuOL2TSX"
    "xbbqY913EeZ8dCn5VrD7io8ImtxLaYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8bpvfbr3SvaNnjuygxmj3"
    "AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5ROjtZMEQxrZHYJqkeDrrnGya11UxMFBji4NmXG9veoKj"
    "lnAqH2QbgtPr8jkiGUkftoaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62EWQwuz3WTOTY8BwNNb2BvniHgVFbK5emhAgMBAAEC"
    "ggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe"
    "46sui395IW/GO+pWJ1O0BkTGoVEn2bKVRUCgu+GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M/V51gfpRLI9JYanr"
    "C4D4qAdGcopV/0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneuf"
    "uBiB4cS98l2SR/RQyGWSeWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0KpLttoLhyt3SmqdEf/kgHePDdtzEafpAu"
    "+cS191R2JiuoF2yzWXnwFDcqGigp5BNr0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqElMGA"
    "g+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6kqa0finGG0KgeqlaZPxgCZnFp7AeAcCMtiynVlJ7"
    "vMVgePsLq6XtON4tB5kP9jAPrq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54Xrrz2uNwkgMTP1FZ1wKB"
    "gAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp5u9SN0Ai3Ya6hNnvWJMb7sXQX6U/zyO2M/hTip7tUeh7CXgw"
    "o59dkpN75gJLVds29+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV7Jr5MR0AHWKNAoGBAIf/evpitUf+4JYbLpvNXWcY"
    "052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcGyoAe9fa65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+"
    "CCoRjaZjOYiIDktVWZzmevJuv6WywUqd57LE3Zar3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd+DlcxyVuuM9s"
    "QLdgjVk2oy26F0EmpScGLq2MowX7fhd/QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A56"
    "03k2+ZQwVK0JKSHuLFkuQ3U=";

}  // namespace

TEST_CASE("Tokens of each algorithm are accepted by their published key, and by no other key of that type") {
  for (const std::string_view alg : service_algorithms) {
    CAPTURE(alg);
    const SigningKey& key = key_for(alg);
    CHECK(judged(key, published(key)) == Reason::accepted);
    CHECK(judged(key, KeySet({key.public_key()})) == Reason::accepted);
    Key other = parse_jwk(parse_json(mint::jwk(mint::shared_key(alg))).value(), false).value();
    other.kid = key.kid();
    CHECK(judged(key, KeySet({other})) == Reason::signature_invalid);
  }
}

TEST_CASE("Every ECDSA half has its full width, whatever zeros it begins with") {
  SignatureContexts contexts;
  const SigningKey& key = key_for("ES256");
  for (int i = 0; i < 600; ++i) {  // one half in 256 begins with a zero byte
    const std::string token = key.sign(R"({"alg":"ES256"})", std::to_string(i));
    const auto parts = parse_compact(token).value();
    REQUIRE(parts.signature.size() == 64);
    REQUIRE(contexts.verify(key.public_key(), key.algorithm(), parts.signing_input, parts.signature));
  }
}

TEST_CASE("A PEM brings the same key back: kid, JWK and signatures") {
  for (const std::string_view alg : service_algorithms) {
    CAPTURE(alg);
    const SigningKey& key = key_for(alg);
    const Secret pem = key.to_pem();
    CHECK(pem.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    const auto read = SigningKey::from_pem(pem, key.algorithm());
    REQUIRE(read);
    CHECK(read->kid() == key.kid());
    CHECK(to_jwk(read->public_key()) == to_jwk(key.public_key()));
    CHECK(read->to_pem() == pem);
    CHECK(judged(*read, published(key)) == Reason::accepted);
  }
}

TEST_CASE("The published JWK names what the key is for, and holds nothing private") {
  for (const std::string_view alg : service_algorithms) {
    CAPTURE(alg);
    const SigningKey& key = key_for(alg);
    const Json jwk = to_jwk(key.public_key());
    CHECK(*jwk.find("alg")->string() == alg);
    CHECK(*jwk.find("use")->string() == "sig");
    CHECK(*jwk.find("kid")->string() == key.kid());
    for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "k"}) CHECK(jwk.find(name) == nullptr);
    CHECK(parse_jwk(jwk, false).value().thumbprint.text() == key.kid());
  }
  CHECK(key_for("RS256").public_key().bits == 3072);
  CHECK(key_for("EdDSA").public_key().curve == "Ed25519");
}

TEST_CASE("Published coordinates have their full width, whatever zeros they begin with") {
  for (int i = 0; i < 600; ++i) {  // one coordinate in 256 begins with a zero byte
    const Json jwk = to_jwk(SigningKey::generate(*find_algorithm("ES256"))->public_key());
    REQUIRE(decode_base64url(*jwk.find("x")->string()).value().size() == 32);
    REQUIRE(decode_base64url(*jwk.find("y")->string()).value().size() == 32);
  }
}

TEST_CASE("RFC 8037 appendix A: the key's thumbprint and the signature are those printed there") {
  const std::string der = *decode_hex("302e020100300506032b657004220420") +
                          *decode_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  const auto key = SigningKey::from_pem(pem_of_der(der), *find_algorithm("EdDSA"));
  REQUIRE(key);
  CHECK(key->kid() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  CHECK(*to_jwk(key->public_key()).find("x")->string() == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  CHECK(key->sign(R"({"alg":"EdDSA"})", "Example of Ed25519 signing") ==
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
        "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST_CASE("RFC 7515 appendix A.2: the RSA signature is the one printed there") {
  const auto key = SigningKey::from_pem(pem_of_der(*decode_base64(rfc7515_rsa_key)), *find_algorithm("RS256"));
  REQUIRE(key);
  CHECK(key->sign(R"({"alg":"RS256"})",
                  "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                  "\"http://example.com/is_root\":true}") ==
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
        "cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJd"
        "bF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn"
        "6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0i"
        "gcN_IoypGlUPQGe77Rw");
}

TEST_CASE("A PEM without a readable private key is refused") {
  CHECK(fault_in_pem(Secret(), "ES256") == "there is no readable private key in it");
  CHECK(fault_in_pem(Secret("text"), "ES256") == "there is no readable private key in it");
  CHECK(fault_in_pem(pem_of_der("damaged"), "ES256") == "there is no readable private key in it");
  std::string cut(key_for("ES256").to_pem().reveal());
  cut.resize(cut.size() / 2);
  CHECK(fault_in_pem(Secret(cut), "ES256") == "there is no readable private key in it");
}

TEST_CASE("An encrypted PEM is refused without asking the terminal for its password") {
  // Of `openssl genpkey -algorithm ed25519 -aes-128-cbc -pass pass:x`.
  CHECK(fault_in_pem(Secret("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                        "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhQpJotYMl1PAICCAAw\n"
                        "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEGkk7bcvKONpmGFfWaocDxYEQMYq\n"
                        "7WV3E/nZvZU28tB2WFGqivv1HEcR2G+z85LyBNvLZqanmrjD04t8498Q/WBI2CnM\n"
                        "/bl3/8qqSprI4PyuAAw=\n"
                        "-----END ENCRYPTED PRIVATE KEY-----\n"),
                 "EdDSA") == "there is no readable private key in it");
}

TEST_CASE("A key that does not fit the algorithm is refused by name") {
  CHECK(fault_in_pem(key_for("ES384").to_pem(), "ES256") == "it is EC P-384, which ES256 does not take");
  CHECK(fault_in_pem(key_for("EdDSA").to_pem(), "ES256") == "it is OKP Ed25519, which ES256 does not take");
  CHECK(fault_in_pem(key_for("ES256").to_pem(), "RS256") == "it is EC P-256, which RS256 does not take");
  CHECK(fault_in_pem(key_for("ES256").to_pem(), "HS256") == "it is EC P-256, which HS256 does not take");
  CHECK(SigningKey::generate(*find_algorithm("HS256")).error() == "OpenSSL cannot make a key for HS256");
}

TEST_CASE("A private key with another key's public part is refused") {
  std::string der = der_of_pem(key_for("ES256").to_pem());
  const std::string other = der_of_pem(SigningKey::generate(*find_algorithm("ES256"))->to_pem());
  constexpr std::size_t point_bytes = 64;  // the structure's end
  REQUIRE(der.size() == other.size());
  CHECK(fault_in_pem(pem_of_der(der), "ES256") == "none");
  der.replace(der.size() - point_bytes, point_bytes, other, other.size() - point_bytes, point_bytes);
  CHECK(fault_in_pem(pem_of_der(der), "ES256") == "its public part does not belong to its private one");
}

TEST_CASE("An RSA key with an even factor cannot sign, and is refused") {
  std::string der = decode_base64(rfc7515_rsa_key).value();
  REQUIRE(fault_in_pem(pem_of_der(der), "RS256") == "none");
  const std::size_t factor = der.find(decode_base64url("4BzEEOtIpmVd").value());  // the `p` of RFC 7515 appendix A.2
  REQUIRE(factor != der.npos);
  constexpr std::size_t factor_bytes = 128;
  der[factor + factor_bytes - 1] ^= 1;
  CHECK(fault_in_pem(pem_of_der(der), "RS256") == "it cannot sign");
}

}  // namespace postern::jose
