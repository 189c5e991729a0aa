#include "filters/jose/signing.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <stdexcept>
#include <utility>

#include "base/base64.hpp"
#include "filters/jose/openssl_ptr.hpp"
#include "filters/jose/public_key.hpp"
#include "filters/jose/signature.hpp"

namespace postern::jose {
namespace {

using Unusable = tl::unexpected<std::string>;

constexpr unsigned generated_rsa_bits = 3072;

void require(bool worked) {
  if (worked) return;
  ERR_clear_error();  // or the thread's next TLS call would find this failure
  throw std::runtime_error("OpenSSL cannot sign");
}

std::shared_ptr<EVP_PKEY> adopt(EVP_PKEY* key) {
  return {key, EVP_PKEY_free};
}

EVP_PKEY* generate_pair(const Algorithm& algorithm) {
  switch (algorithm.key_type) {
    case KeyType::rsa:
      return EVP_RSA_gen(generated_rsa_bits);
    case KeyType::ec:
      return EVP_EC_gen(std::string(algorithm.curve).c_str());
    case KeyType::okp:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    case KeyType::oct:
      break;
  }
  return nullptr;
}

// Without it OpenSSL asks the terminal for the password of an encrypted key.
int refuse_password(char*, int, int, void*) {
  return -1;
}

// As long as the hash, like its mask's (RFC 7518 section 3.5).
bool set_pss(EVP_PKEY_CTX* options) {
  return EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
}

// r||s, each of the field's full width (RFC 7518 section 3.4), from OpenSSL's DER.
std::string ecdsa_halves(std::string_view der, int curve_bits) {
  const unsigned char* at = bytes_of(der);
  const EcdsaSignaturePtr pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  require(pair != nullptr);
  const int width = (curve_bits + 7) / 8;
  std::string halves(2 * static_cast<std::size_t>(width), '\0');
  require(BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), bytes_of(halves), width) == width &&
          BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), bytes_of(halves) + width, width) == width);
  return halves;
}

// The signature as a JWS has it.
std::string sign_bytes(EVP_PKEY* key, const Algorithm& algorithm, std::string_view input) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;  // the context's
  const char* const digest = algorithm.scheme == Scheme::eddsa ? nullptr : algorithm.digest;
  require(context && EVP_DigestSignInit_ex(context.get(), &options, digest, nullptr, nullptr, key, nullptr) == 1);
  if (algorithm.scheme == Scheme::rsa_pss) require(set_pss(options));
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t length = signature.size();
  require(EVP_DigestSign(context.get(), bytes_of(signature), &length, bytes_of(input), input.size()) == 1);
  signature.resize(length);
  return algorithm.scheme == Scheme::ecdsa ? ecdsa_halves(signature, EVP_PKEY_get_bits(key)) : signature;
}

}  // namespace

SigningKey::SigningKey(std::shared_ptr<EVP_PKEY> key, const Algorithm& algorithm, Key public_key)
    : key_(std::move(key)), algorithm_(&algorithm), public_key_(std::move(public_key)) {}

tl::expected<SigningKey, std::string> SigningKey::make(std::shared_ptr<EVP_PKEY> key, const Algorithm& algorithm) {
  auto public_key = make_public_key(key.get());
  if (!public_key) return Unusable(std::move(public_key.error()));
  public_key->kid = public_key->thumbprint.text();
  public_key->alg = algorithm.name;
  public_key->use = "sig";
  if (!public_key->fits(algorithm)) {
    return Unusable("it is " + public_key->description() + ", which " + std::string(algorithm.name) + " does not take");
  }
  return SigningKey(std::move(key), algorithm, std::move(*public_key));
}

tl::expected<SigningKey, std::string> SigningKey::generate(const Algorithm& algorithm) {
  auto key = adopt(generate_pair(algorithm));
  ERR_clear_error();
  if (!key) return Unusable("OpenSSL cannot make a key for " + std::string(algorithm.name));
  return make(std::move(key), algorithm);
}

std::optional<std::string> SigningKey::fault_of_parts(const SigningKey& key) {
  // PKCS #8 may carry a public part, and RSA's factors beside its exponent: OpenSSL takes them at their word.
  constexpr std::string_view probe = "probe";
  try {
    const std::string signature = sign_bytes(key.key_.get(), *key.algorithm_, probe);
    if (SignatureContexts().verify(key.public_key_, *key.algorithm_, probe, signature)) return std::nullopt;
  } catch (const std::runtime_error&) {
    return "it cannot sign";
  }
  return "its public part does not belong to its private one";
}

tl::expected<SigningKey, std::string> SigningKey::from_pem(const Secret& pem, const Algorithm& algorithm) {
  const std::string_view text = pem.reveal();
  const BioPtr source(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  auto key = adopt(source ? PEM_read_bio_PrivateKey(source.get(), nullptr, refuse_password, nullptr) : nullptr);
  ERR_clear_error();
  if (!key) return Unusable("there is no readable private key in it");
  auto made = make(std::move(key), algorithm);
  if (!made) return made;
  if (auto fault = fault_of_parts(*made)) return Unusable(std::move(*fault));
  return made;
}

Secret SigningKey::to_pem() const {
  const BioPtr out(BIO_new(BIO_s_mem()));  // wipes what it held
  require(out && PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return Secret(std::string(text, static_cast<std::size_t>(length)));
}

std::string SigningKey::sign(std::string_view header, std::string_view payload) const {
  std::string token = encode_base64url(header) + "." + encode_base64url(payload);
  const std::string signature = encode_base64url(sign_bytes(key_.get(), *algorithm_, token));
  return token.append(".").append(signature);
}

}  // namespace postern::jose
