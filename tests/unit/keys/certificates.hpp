// A small certificate authority for tests, by OpenSSL.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/temporary_folder.hpp"
#include "conf/config.hpp"
#include "gateway/tls.hpp"

namespace postern::keys {

inline void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("certificates: ") + what);
}

struct Certificate {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;
};

inline void add_extension(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value);
  X509_EXTENSION_free(extension);
}

// `alternatives` as OpenSSL writes them (`DNS:localhost,IP:127.0.0.1`); empty: an authority, signed by itself.
inline Certificate make_certificate(const std::string& name, const char* alternatives, const Certificate* authority) {
  Certificate made{{EVP_EC_gen("P-256"), EVP_PKEY_free}, {X509_new(), X509_free}};
  X509* const certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  static long serial = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  const Certificate& issuer = authority != nullptr ? *authority : made;
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer.certificate.get()));
  add_extension(certificate, NID_basic_constraints, authority != nullptr ? "critical,CA:FALSE" : "critical,CA:TRUE");
  if (*alternatives != '\0') add_extension(certificate, NID_subject_alt_name, alternatives);
  require(X509_sign(certificate, issuer.key.get(), EVP_sha256()) > 0, "not signed");
  return made;
}

inline conf::FilePath write_certificate(const TemporaryFolder& folder, const std::string& name,
                                        const Certificate& from) {
  const std::string path = folder.path_of(name);
  std::FILE* const file = std::fopen(path.c_str(), "w");
  require(file != nullptr && PEM_write_X509(file, from.certificate.get()) == 1 && std::fclose(file) == 0,
          "not written");
  return {path, path};
}

inline conf::FilePath write_key(const TemporaryFolder& folder, const std::string& name, const Certificate& from) {
  const std::string path = folder.path_of(name);
  std::FILE* const file = std::fopen(path.c_str(), "w");
  require(file != nullptr, "not opened");
  require(PEM_write_PrivateKey(file, from.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "not written");
  std::fclose(file);
  return {path, path};
}

using SslContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

// A server's side; with `clients_by` it wants certificates that this authority has signed.
inline SslContext make_server_context(const Certificate& own, const Certificate* clients_by = nullptr) {
  SslContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  require(SSL_CTX_use_certificate(context.get(), own.certificate.get()) == 1, "no certificate");
  require(SSL_CTX_use_PrivateKey(context.get(), own.key.get()) == 1, "no key");
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (clients_by != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), clients_by->certificate.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

inline std::shared_ptr<const ClientTls> make_client_tls(const conf::UpstreamTls& config) {
  conf::Problems problems;
  auto tls = ClientTls::make(config, "tls", problems);
  require(tls != nullptr, "no client TLS");
  return tls;
}

}  // namespace postern::keys
