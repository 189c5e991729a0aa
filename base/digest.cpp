#include "base/digest.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <limits>
#include <memory>
#include <stdexcept>

namespace postern {
namespace {

struct Free {
  void operator()(EVP_KDF* kdf) const noexcept { EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const noexcept { EVP_KDF_CTX_free(context); }
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Free>;

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL failed: ") + what);
}

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) noexcept {
  return reinterpret_cast<unsigned char*>(text.data());
}

OSSL_PARAM octets(const char* name, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());  // only read
}

// OpenSSL counts the bytes of a cipher with int.
int length_of(std::string_view text) {
  if (text.size() > std::numeric_limits<int>::max()) throw std::length_error("AES-256-GCM: the text is too long");
  return static_cast<int>(text.size());
}

// A context that has read its key, its nonce and the associated data.
CipherContext begin_gcm(const Secret& key, std::string_view nonce, std::string_view associated, bool sealing) {
  if (key.reveal().size() != aes_256_key_bytes || nonce.size() != gcm_nonce_bytes) {
    throw std::length_error("AES-256-GCM: a key of 32 bytes and a nonce of 12 are needed");
  }
  CipherContext context(EVP_CIPHER_CTX_new());
  require(context != nullptr, "EVP_CIPHER_CTX_new");
  require(EVP_CipherInit_ex2(context.get(), EVP_aes_256_gcm(), bytes_of(key.reveal()), bytes_of(nonce), sealing ? 1 : 0,
                             nullptr) == 1,
          "EVP_CipherInit_ex2");
  int written = 0;
  require(EVP_CipherUpdate(context.get(), nullptr, &written, bytes_of(associated), length_of(associated)) == 1,
          "EVP_CipherUpdate");
  return context;
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  Sha256 digest;
  require(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1, "SHA-256");
  return digest;
}

Secret hkdf_sha256(const Secret& key, std::string_view salt, std::string_view info, std::size_t size) {
  const std::unique_ptr<EVP_KDF, Free> kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr));
  require(kdf != nullptr, "HKDF");
  const std::unique_ptr<EVP_KDF_CTX, Free> context(EVP_KDF_CTX_new(kdf.get()));
  require(context != nullptr, "EVP_KDF_CTX_new");
  std::string digest = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), digest.size()),
      octets(OSSL_KDF_PARAM_KEY, key.reveal()), octets(OSSL_KDF_PARAM_SALT, salt), octets(OSSL_KDF_PARAM_INFO, info),
      OSSL_PARAM_construct_end()};
  std::string derived(size, '\0');
  require(EVP_KDF_derive(context.get(), bytes_of(derived), derived.size(), parameters) == 1, "EVP_KDF_derive");
  return Secret(std::move(derived));
}

std::string seal_aes_256_gcm(const Secret& key, std::string_view nonce, std::string_view text,
                             std::string_view associated) {
  const CipherContext context = begin_gcm(key, nonce, associated, true);
  std::string sealed(text.size() + gcm_tag_bytes, '\0');
  int written = 0;
  require(EVP_CipherUpdate(context.get(), bytes_of(sealed), &written, bytes_of(text), length_of(text)) == 1,
          "EVP_CipherUpdate");
  unsigned char* const tag = bytes_of(sealed) + text.size();
  require(EVP_CipherFinal_ex(context.get(), tag, &written) == 1,
          "EVP_CipherFinal_ex");  // writes nothing: GCM is a stream
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, gcm_tag_bytes, tag) == 1, "EVP_CTRL_AEAD_GET_TAG");
  return sealed;
}

std::optional<Secret> open_aes_256_gcm(const Secret& key, std::string_view nonce, std::string_view sealed,
                                       std::string_view associated) {
  if (sealed.size() < gcm_tag_bytes) return std::nullopt;
  const std::string_view encrypted = sealed.substr(0, sealed.size() - gcm_tag_bytes);
  std::string tag(sealed.substr(encrypted.size()));
  const CipherContext context = begin_gcm(key, nonce, associated, false);
  std::string text(encrypted.size(), '\0');
  int written = 0;
  require(EVP_CipherUpdate(context.get(), bytes_of(text), &written, bytes_of(encrypted), length_of(encrypted)) == 1,
          "EVP_CipherUpdate");
  Secret opened(std::move(text));  // wiped, should the tag not fit
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, gcm_tag_bytes, tag.data()) == 1,
          "EVP_CTRL_AEAD_SET_TAG");
  std::array<unsigned char, EVP_MAX_BLOCK_LENGTH> rest;
  if (EVP_CipherFinal_ex(context.get(), rest.data(), &written) != 1) return std::nullopt;
  return opened;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void fill_random(void* bytes, std::size_t size) {
  require(size <= std::numeric_limits<int>::max() &&
              RAND_bytes(static_cast<unsigned char*>(bytes), static_cast<int>(size)) == 1,
          "RAND_bytes");
}

}  // namespace postern
