#include <doctest/doctest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "filters/jose/jwk.hpp"
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
  for (const char* alg : {"RS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA"}) {
    CAPTURE(alg);
    const mint::SigningKey key = mint::shared_key(alg);
    const auto loaded = parse_pem_keys(public_pem(key));
    REQUIRE(loaded);
    REQUIRE(loaded->size() == 1);
    CHECK(loaded->front().thumbprint == thumbprint_of(key));
    CHECK(loaded->front().kid.empty());
  }
}

TEST_CASE("PKCS#1 keys and certificates are read too, several in one file, with text between them") {
  const mint::SigningKey rsa = mint::shared_key("RS256");
  const mint::SigningKey ec = mint::shared_key("ES256");
  const auto loaded =
      parse_pem_keys("a comment\n" + pkcs1_pem(rsa) + "another\n" + certificate_pem(ec) + public_pem(ec));
  REQUIRE(loaded);
  REQUIRE(loaded->size() == 3);
  CHECK(loaded->at(0).thumbprint == thumbprint_of(rsa));
  CHECK(loaded->at(1).thumbprint == thumbprint_of(ec));
}

TEST_CASE("What is no usable public key is refused by name") {
  const auto fault = [](std::string_view text) {
    const auto loaded = parse_pem_keys(text);
    return loaded ? "usable" : loaded.error();
  };
  CHECK(fault("") == "there is no PEM public key or certificate in it");
  CHECK(fault("just text") == "there is no PEM public key or certificate in it");
  CHECK(fault(private_pem(mint::shared_key("ES256"))) ==
        "PEM block 1 (\"PRIVATE KEY\"): it is a private key; only the public one is needed here");
  CHECK(fault("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n") ==
        "PEM block 1 (\"PUBLIC KEY\"): it cannot be decoded");
  CHECK(fault(public_pem(mint::shared_key("ES256")) + "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n") ==
        "PEM block 2 (\"X509 CRL\"): it is no public key and no certificate");
  CHECK(fault(public_pem(mint::generate("RS256", "k1", 1024))) ==
        "PEM block 1 (\"PUBLIC KEY\"): RSA modulus has 1024 bits, 2048 needed");
}

}  // namespace postern::jose
