// What TLS has to say about a connection of a fetch.
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "filters/keys/fetch_connection.hpp"

namespace postern::keys {
namespace {

std::string text_of(const ASN1_TIME* time) {
  BIO* const memory = BIO_new(BIO_s_mem());
  if (memory == nullptr || ASN1_TIME_print(memory, time) != 1) {
    BIO_free(memory);
    return "?";
  }
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

}  // namespace

std::optional<TlsReason> last_tls_reason(const Transport& transport) {
  const unsigned long code = ERR_peek_last_error();
  if (!transport.is_tls() || code == 0) return std::nullopt;
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const long verdict = SSL_get_verify_result(transport.ssl());
    return TlsReason{std::string("its certificate is refused: ") + X509_verify_cert_error_string(verdict), false};
  }
  const char* reason = ERR_reason_error_string(code);
  if (reason == nullptr) return std::nullopt;
  const bool from_peer = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
  return TlsReason{std::string(from_peer ? "the other side refused: " : "") + reason, from_peer};
}

std::string describe_tls(const Transport& transport) {
  std::string text = SSL_get_version(transport.ssl());
  const X509* const certificate = SSL_get0_peer_certificate(transport.ssl());
  if (certificate != nullptr) text += ", its certificate is valid until " + text_of(X509_get0_notAfter(certificate));
  return text;
}

}  // namespace postern::keys
