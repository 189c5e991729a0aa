#include "filters/jose/signature.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <unordered_map>

#include "filters/jose/openssl_ptr.hpp"

namespace postern::jose {
namespace {

// What one key needs to check one algorithm, made once. Which members are set depends on the scheme.
struct Context {
  KeyPtr key;  // this worker's own copy: OpenSSL takes a lock inside the key at each use
  DigestPtr digest;
  DigestContextPtr hashing;  // RSA and ECDSA; EdDSA's whole check
  KeyContextPtr checking;    // RSA and ECDSA
  MacContextPtr mac;         // keyed, begun again for each token
  std::uint64_t last_used = 0;
};

bool prepare_mac(Context& context, const Key& key, const Algorithm& algorithm) {
  const MacPtr hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  context.mac.reset(EVP_MAC_CTX_new(hmac.get()));
  std::string digest = algorithm.digest;
  const std::array params = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                             OSSL_PARAM_construct_end()};
  const std::string_view secret = key.secret.reveal();
  return context.mac && EVP_MAC_init(context.mac.get(), bytes_of(secret), secret.size(), params.data()) == 1;
}

bool set_pss(EVP_PKEY_CTX* checking, const EVP_MD* digest) {
  return EVP_PKEY_CTX_set_rsa_padding(checking, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(checking, digest) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(checking, RSA_PSS_SALTLEN_DIGEST) == 1;  // exactly, RFC 7518 section 3.5
}

bool prepare_public_key(Context& context, const Key& key, const Algorithm& algorithm) {
  context.key.reset(EVP_PKEY_dup(key.public_key.get()));
  context.hashing.reset(EVP_MD_CTX_new());
  if (!context.key || !context.hashing) return false;
  if (algorithm.scheme == Scheme::eddsa) return true;
  context.digest.reset(EVP_MD_fetch(nullptr, algorithm.digest, nullptr));
  context.checking.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, context.key.get(), nullptr));
  EVP_PKEY_CTX* const checking = context.checking.get();
  if (!context.digest || checking == nullptr || EVP_PKEY_verify_init(checking) != 1) return false;
  if (algorithm.scheme == Scheme::rsa_pkcs1 && EVP_PKEY_CTX_set_rsa_padding(checking, RSA_PKCS1_PADDING) != 1) {
    return false;
  }
  return EVP_PKEY_CTX_set_signature_md(checking, context.digest.get()) == 1 &&
         (algorithm.scheme != Scheme::rsa_pss || set_pss(checking, context.digest.get()));
}

bool check_mac(Context& context, std::string_view input, std::string_view signature) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> expected;
  std::size_t length = 0;
  // No key and no parameters: begin again with those of the last time.
  return EVP_MAC_init(context.mac.get(), nullptr, 0, nullptr) == 1 &&
         EVP_MAC_update(context.mac.get(), bytes_of(input), input.size()) == 1 &&
         EVP_MAC_final(context.mac.get(), expected.data(), &length, expected.size()) == 1 &&
         signature.size() == length && CRYPTO_memcmp(expected.data(), signature.data(), length) == 0;
}

bool check_eddsa(Context& context, std::string_view input, std::string_view signature) {
  return EVP_DigestVerifyInit(context.hashing.get(), nullptr, nullptr, nullptr, context.key.get()) == 1 &&
         EVP_DigestVerify(context.hashing.get(), bytes_of(signature), signature.size(), bytes_of(input),
                          input.size()) == 1;
}

bool check_hash(Context& context, std::string_view input, std::string_view signature) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned length = 0;
  EVP_MD_CTX* const hashing = context.hashing.get();
  return EVP_DigestInit_ex2(hashing, context.digest.get(), nullptr) == 1 &&
         EVP_DigestUpdate(hashing, input.data(), input.size()) == 1 &&
         EVP_DigestFinal_ex(hashing, hash.data(), &length) == 1 &&
         EVP_PKEY_verify(context.checking.get(), bytes_of(signature), signature.size(), hash.data(), length) == 1;
}

std::size_t octets_of(unsigned bits) {
  return (bits + 7) / 8;
}

// As long as the modulus (RFC 8017 sections 8.1.2 and 8.2.2, step 1): of a PSS signature OpenSSL takes any length of the
// same number.
bool check_rsa(Context& context, const Key& key, std::string_view input, std::string_view signature) {
  return signature.size() == octets_of(key.bits) && check_hash(context, input, signature);
}

// JWS has r||s, each of the field's full width (RFC 7518 section 3.4); OpenSSL wants DER. Empty when the width is
// wrong.
std::string ecdsa_der(std::string_view signature, unsigned curve_bits) {
  const std::size_t width = octets_of(curve_bits);
  if (signature.size() != 2 * width) return {};
  const int half = static_cast<int>(width);
  const EcdsaSignaturePtr pair(ECDSA_SIG_new());
  BignumPtr r(BN_bin2bn(bytes_of(signature), half, nullptr));
  BignumPtr s(BN_bin2bn(bytes_of(signature.substr(width)), half, nullptr));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());  // owned by the pair now
  static_cast<void>(s.release());
  std::string der(2 * width + 16, '\0');
  unsigned char* end = bytes_of(der);
  const int length = i2d_ECDSA_SIG(pair.get(), &end);
  der.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return der;
}

bool check_ecdsa(Context& context, const Key& key, std::string_view input, std::string_view signature) {
  const std::string der = ecdsa_der(signature, key.bits);
  return !der.empty() && check_hash(context, input, der);
}

bool check(Context& context, const Key& key, const Algorithm& algorithm, std::string_view input,
           std::string_view signature) {
  switch (algorithm.scheme) {
    case Scheme::hmac:
      return check_mac(context, input, signature);
    case Scheme::rsa_pkcs1:
    case Scheme::rsa_pss:
      return check_rsa(context, key, input, signature);
    case Scheme::ecdsa:
      return check_ecdsa(context, key, input, signature);
    case Scheme::eddsa:
      return check_eddsa(context, input, signature);
  }
  return false;
}

// A context belongs to the key's material, not to the object: a reload brings new objects of the same keys.
struct Name {
  Thumbprint thumbprint;
  const Algorithm* algorithm;
  bool operator==(const Name&) const = default;
};
struct NameHash {
  std::size_t operator()(const Name& name) const noexcept {
    std::size_t hash;  // a part of a hash is one
    std::memcpy(&hash, name.thumbprint.bytes.data(), sizeof hash);
    return hash ^ std::hash<const Algorithm*>()(name.algorithm);
  }
};

constexpr std::size_t maximum_contexts = 256;

}  // namespace

struct SignatureContexts::State {
  std::unordered_map<Name, Context, NameHash> contexts;
  std::uint64_t uses = 0;

  // The context of that key and algorithm, or null when OpenSSL does not take them.
  Context* find_or_make(const Key& key, const Algorithm& algorithm) {
    const auto known = contexts.find(Name{key.thumbprint, &algorithm});
    if (known != contexts.end()) return &known->second;
    Context made;
    const bool prepared =
        algorithm.scheme == Scheme::hmac ? prepare_mac(made, key, algorithm) : prepare_public_key(made, key, algorithm);
    if (!prepared) return nullptr;
    if (contexts.size() >= maximum_contexts) forget_oldest();
    return &contexts.emplace(Name{key.thumbprint, &algorithm}, std::move(made)).first->second;
  }

  void forget_oldest() {
    contexts.erase(std::min_element(contexts.begin(), contexts.end(), [](const auto& a, const auto& b) {
      return a.second.last_used < b.second.last_used;
    }));
  }
};

SignatureContexts::SignatureContexts() : state_(std::make_unique<State>()) {}
SignatureContexts::~SignatureContexts() = default;
SignatureContexts::SignatureContexts(SignatureContexts&&) noexcept = default;
SignatureContexts& SignatureContexts::operator=(SignatureContexts&&) noexcept = default;

bool SignatureContexts::verify(const Key& key, const Algorithm& algorithm, std::string_view signing_input,
                               std::string_view signature) {
  // Without a thumbprint two keys would share one context.
  if (!key.fits(algorithm) || key.thumbprint == Thumbprint{}) return false;
  Context* const context = state_->find_or_make(key, algorithm);
  if (context != nullptr) {
    context->last_used = ++state_->uses;
    if (check(*context, key, algorithm, signing_input, signature)) return true;
  }
  const bool out_of_memory = ERR_GET_REASON(ERR_peek_error()) == ERR_R_MALLOC_FAILURE;
  ERR_clear_error();  // or the thread's next TLS call would find this failure
  if (out_of_memory) throw std::bad_alloc();
  return false;
}

}  // namespace postern::jose
