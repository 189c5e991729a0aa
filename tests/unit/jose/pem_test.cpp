#include "filters/jose/pem.hpp"

#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "filters/jose/openssl_ptr.hpp"
#include "tests/unit/jose/mint.hpp"

namespace postern::jose {
namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(length));
}

std::string public_pem(const mint::SigningKey& key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key.pair.get());
  return text_of(bio.get());
}

std::string pkcs1_pem(const mint::SigningKey& key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  unsigned char* der = nullptr;
  const int length = i2d_PublicKey(key.pair.get(), &der);
  PEM_write_bio(bio.get(), "RSA PUBLIC KEY", "", der, length);
  OPENSSL_free(der);
  return text_of(bio.get());
}

std::string private_pem(const mint::SigningKey& key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key.pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

std::string certificate_pem(const mint::SigningKey& key) {
  const CertificatePtr certificate(X509_new());
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 60);
  X509_set_pubkey(certificate.get(), key.pair.get());
  X509_sign(certificate.get(), key.pair.get(), EVP_sha256());
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate.get());
  return text_of(bio.get());
}

Thumbprint thumbprint_of(const mint::SigningKey& key) {
  return parse_jwk(parse_json(mint::jwk(key)).value(), false).value().thumbprint;
}

}  // namespace

TEST_CASE("A public key in PEM is the same key as its JWK, for every type") {
  for (const std::string_view alg : {"RS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA"}) {
    CAPTURE(alg);
    const mint::SigningKey key = mint::shared_key(alg);
    const auto loaded = parse_pem_keys(public_pem(key));
    REQUIRE(loaded);
    REQUIRE(loaded->keys.keys().size() == 1);
    CHECK(loaded->skipped.empty());
    CHECK(loaded->keys.keys().front().thumbprint == thumbprint_of(key));
    CHECK(loaded->keys.keys().front().kid.empty());
  }
}

TEST_CASE("PKCS#1 keys and certificates are read too, several in one file, with text between them") {
  const mint::SigningKey rsa = mint::shared_key("RS256");
  const mint::SigningKey ec = mint::shared_key("ES256");
  const mint::SigningKey other = mint::generate("ES256");
  const auto loaded = parse_pem_keys("a comment\n" + pkcs1_pem(rsa) + "another\n" + certificate_pem(ec) +
                                     public_pem(ec) + public_pem(other));
  REQUIRE(loaded);
  CHECK(loaded->skipped.empty());
  REQUIRE(loaded->keys.keys().size() == 3);  // the certificate's key and its twin are one
  CHECK(loaded->keys.keys()[0].thumbprint == thumbprint_of(rsa));
  CHECK(loaded->keys.keys()[1].thumbprint == thumbprint_of(ec));
  CHECK(loaded->keys.keys()[2].thumbprint == thumbprint_of(other));
}

TEST_CASE("What is no usable public key is skipped by its number and name, the good ones beside it stay") {
  const std::string crl = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
  const std::pair<std::string, std::string> odd_ones[] = {
      {private_pem(mint::shared_key("ES256")),
       "(\"PRIVATE KEY\") it is a private key; only the public one is needed here"},
      {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "(\"PUBLIC KEY\") it cannot be decoded"},
      {crl, "(\"X509 CRL\") it is no public key and no certificate"},
      {public_pem(mint::generate("RS256", "k1", 1024)), "(\"PUBLIC KEY\") RSA modulus has 1024 bits, 2048 needed"},
  };
  const mint::SigningKey good = mint::shared_key("ES256"), other = mint::generate("ES256");
  for (const auto& odd : odd_ones) {
    const std::string &text = odd.first, &why = odd.second;
    CAPTURE(why);
    const auto alone = parse_pem_keys(text);
    REQUIRE(alone);
    CHECK(alone->keys.empty());
    REQUIRE(alone->skipped.size() == 1);
    CHECK(alone->skipped[0].name + " " + alone->skipped[0].reason == "#1 " + why);

    const auto between = parse_pem_keys(public_pem(good) + text + public_pem(other));
    REQUIRE(between);
    REQUIRE(between->keys.keys().size() == 2);
    CHECK(between->keys.keys()[1].thumbprint == thumbprint_of(other));
    REQUIRE(between->skipped.size() == 1);
    CHECK(between->skipped[0].name + " " + between->skipped[0].reason == "#2 " + why);
  }
}

TEST_CASE("What is no PEM, or a part of one, is refused as a whole") {
  const auto fault = [](std::string_view text) {
    const auto loaded = parse_pem_keys(text);
    return loaded ? "usable" : loaded.error();
  };
  CHECK(fault("") == "there is no PEM public key or certificate in it");
  CHECK(fault("just text") == "there is no PEM public key or certificate in it");
  const std::string good = public_pem(mint::shared_key("ES256"));
  CHECK(fault(good.substr(0, good.size() / 2)) == "PEM block 1 is damaged or cut off");
  CHECK(fault(good + good.substr(0, good.size() / 2)) == "PEM block 2 is damaged or cut off");
}

}  // namespace postern::jose
