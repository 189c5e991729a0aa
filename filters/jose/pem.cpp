#include "filters/jose/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "filters/jose/detail.hpp"
#include "filters/jose/openssl_ptr.hpp"
#include "filters/jose/public_key.hpp"

namespace postern::jose {
namespace {

using Unusable = tl::unexpected<std::string>;

struct PemBlock {
  std::string label;
  std::string der;
};

// The next block of the text, or nothing at its end or when the block is `damaged`.
std::optional<PemBlock> read_block(BIO* text, bool& damaged) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  if (PEM_read_bio(text, &name, &header, &data, &length) != 1) {
    damaged = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
    ERR_clear_error();
    return std::nullopt;
  }
  PemBlock block{name, std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(length))};
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_clear_free(data, static_cast<std::size_t>(length));
  return block;
}

KeyPtr decode_certificate(const unsigned char* der, long length) {
  const CertificatePtr certificate(d2i_X509(nullptr, &der, length));
  return KeyPtr(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

KeyPtr decode(const PemBlock& block) {
  const unsigned char* der = bytes_of(std::string_view(block.der));
  const long length = static_cast<long>(block.der.size());
  if (block.label == "PUBLIC KEY") return KeyPtr(d2i_PUBKEY_ex(nullptr, &der, length, nullptr, nullptr));
  if (block.label == "RSA PUBLIC KEY") return KeyPtr(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &der, length));
  return decode_certificate(der, length);
}

bool is_known(std::string_view label) {
  return label == "PUBLIC KEY" || label == "RSA PUBLIC KEY" || label == "CERTIFICATE" || label == "X509 CERTIFICATE";
}

tl::expected<Key, std::string> read_key(const PemBlock& block) {
  if (block.label.ends_with("PRIVATE KEY")) return Unusable("it is a private key; only the public one is needed here");
  if (!is_known(block.label)) return Unusable("it is no public key and no certificate");
  const KeyPtr key = decode(block);
  if (!key) {
    ERR_clear_error();
    return Unusable("it cannot be decoded");
  }
  return make_public_key(key.get());
}

}  // namespace

tl::expected<LoadedKeys, std::string> parse_pem_keys(std::string_view text) {
  const BioPtr source(text.empty() ? nullptr : BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<Key> keys;
  LoadedKeys loaded;
  bool damaged = false;
  std::size_t blocks = 0;
  while (const auto block = source ? read_block(source.get(), damaged) : std::nullopt) {
    ++blocks;
    auto key = read_key(*block);
    if (key) {
      keys.push_back(std::move(*key));
    } else {
      loaded.skipped.push_back({"#" + std::to_string(blocks) + " (" + quoted(block->label) + ")", key.error()});
    }
  }
  if (damaged) return Unusable("PEM block " + std::to_string(blocks + 1) + " is damaged or cut off");
  if (blocks == 0) return Unusable("there is no PEM public key or certificate in it");
  loaded.keys = KeySet(std::move(keys));
  return loaded;
}

}  // namespace postern::jose
