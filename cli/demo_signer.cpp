#include "cli/demo_signer.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <stdexcept>
#include <vector>

#include "base/base64.hpp"

namespace postern::cli {
namespace {

constexpr int coordinate_bytes = 32;  // of P-256
constexpr std::string_view kid = "demo";

void require(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL cannot make the demo's keys or tokens");
}

// Big-endian and of full width, as RFC 7518 wants coordinates (6.2.1.2) and both halves of a signature (3.4).
std::string to_fixed_width(const BIGNUM* number) {
  std::string bytes(coordinate_bytes, '\0');
  require(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), coordinate_bytes) == coordinate_bytes);
  return bytes;
}

std::string coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> owned(number, &BN_free);
  return encode_base64url(to_fixed_width(number));
}

// r||s from OpenSSL's DER.
std::string to_jose_signature(const std::vector<unsigned char>& der) {
  const unsigned char* at = der.data();
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), &ECDSA_SIG_free);
  require(signature != nullptr);
  return to_fixed_width(ECDSA_SIG_get0_r(signature.get())) + to_fixed_width(ECDSA_SIG_get0_s(signature.get()));
}

}  // namespace

DemoSigner::DemoSigner() : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free) {
  require(key_ != nullptr);
}

std::string DemoSigner::jwks() const {
  return R"({"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":")" + std::string(kid) + R"(","x":")" +
         coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X) + R"(","y":")" +
         coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y) + "\"}]}\n";
}

std::string DemoSigner::sign(std::string_view claims) const {
  const std::string header = R"({"alg":"ES256","typ":"at+jwt","kid":")" + std::string(kid) + "\"}";
  const std::string input = encode_base64url(header) + "." + encode_base64url(claims);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(input.data());

  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  require(context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
  std::size_t size = 0;
  require(EVP_DigestSign(context.get(), nullptr, &size, bytes, input.size()) == 1);
  std::vector<unsigned char> der(size);
  require(EVP_DigestSign(context.get(), der.data(), &size, bytes, input.size()) == 1);
  der.resize(size);
  return input + "." + encode_base64url(to_jose_signature(der));
}

}  // namespace postern::cli
