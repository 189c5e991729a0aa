#include "gateway/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include "base/ascii.hpp"

namespace postern {
namespace {

struct ContextDeleter {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, ContextDeleter>;

constexpr const char* tls12_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

// Without it OpenSSL asks the terminal for the passphrase of an encrypted key, and the process waits.
int refuse_passphrase(char*, int, int, void*) {
  return -1;
}

// The first error says what happened, those after it who was told; only of two that do not fit the last one is clear.
std::string openssl_reason() {
  const unsigned long code = ERR_peek_error();
  if (ERR_GET_REASON(code) == ERR_R_INTERRUPTED_OR_CANCELLED) {  // by refuse_passphrase()
    return "it is encrypted; `openssl pkey -in FILE` prints it without a passphrase";
  }
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  const int last = ERR_GET_REASON(ERR_peek_last_error());
  if (ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509 &&
      (last == X509_R_KEY_TYPE_MISMATCH || last == X509_R_KEY_VALUES_MISMATCH)) {
    return "it is not the key of certificate_file";
  }
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : "the file cannot be read";
}

ContextPtr new_context(const SSL_METHOD* method) {
  ContextPtr context(SSL_CTX_new(method));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), tls12_ciphers);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context.get(), refuse_passphrase);
  SSL_CTX_set_read_ahead(context.get(), 1);  // one read for a record's head and body
  return context;
}

// The key of the certificate that was loaded before it, if one was. OpenSSL compares the two only where they are of one
// kind, say two of RSA: a context has room for a pair of each kind, and turns to the one that was loaded last.
int use_key(SSL_CTX* context, const char* file) {
  const X509* const certificate = SSL_CTX_get0_certificate(context);
  const int used = SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM);
  if (used != 1 || certificate == nullptr) return used;
  return X509_check_private_key(certificate, SSL_CTX_get0_privatekey(context));
}

// Looks at both files, so that one run tells what is wrong with either. False for one that the text left out or in
// doubt, too: that has been told.
bool use_certificate(SSL_CTX* context, const conf::FilePath& certificate, const conf::FilePath& key,
                     const std::string& path, conf::Problems& problems) {
  const auto use = [&](const conf::FilePath& file, const std::string& place, const auto& load) {
    if (file.empty() || problems.is_settled(place)) return false;
    ERR_clear_error();
    if (load(file.resolved.c_str()) == 1) return true;
    problems.add(place, "cannot use " + file.written + ": " + openssl_reason());
    return false;
  };
  const bool has_certificate = use(certificate, path + ".certificate_file",
                                   [&](const char* file) { return SSL_CTX_use_certificate_chain_file(context, file); });
  const bool has_key = use(key, path + ".key_file", [&](const char* file) { return use_key(context, file); });
  return has_certificate && has_key;
}

// The DNS names of a context's certificate.
std::vector<std::string> certificate_names(SSL_CTX* context) {
  std::vector<std::string> names;
  X509* certificate = SSL_CTX_get0_certificate(context);
  auto* alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type != GEN_DNS) continue;
    names.push_back(lower({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                           static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}));
  }
  GENERAL_NAMES_free(alternatives);
  return names;
}

// RFC 6125 section 6.4.3: `*` stands for exactly one label.
bool name_matches(std::string_view pattern, std::string_view host) {
  if (pattern == host) return true;
  if (!pattern.starts_with("*.")) return false;
  const auto dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && host.substr(dot) == pattern.substr(1);
}

int choose_http11(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                  unsigned int size, void*) {
  static constexpr unsigned char http11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_size, http11, sizeof http11 - 1, offered, size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

// ---- a listener's side

struct ServerTls::State {
  struct Entry {
    ContextPtr context;
    std::vector<std::string> names;
  };
  std::vector<Entry> entries;

  SSL_CTX* find(std::string_view host) const {
    for (const Entry& entry : entries) {
      for (const std::string& name : entry.names) {
        if (name_matches(name, host)) return entry.context.get();
      }
    }
    return nullptr;
  }

  // OpenSSL, which calls it, is no code that an exception may pass through.
  static int on_server_name(SSL* ssl, int*, void* argument) noexcept {
    const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (host == nullptr) return SSL_TLSEXT_ERR_NOACK;
    try {
      if (SSL_CTX* context = static_cast<const State*>(argument)->find(lower(host))) SSL_set_SSL_CTX(ssl, context);
    } catch (const std::bad_alloc&) {
      return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_OK;
  }
};

ServerTls::~ServerTls() = default;

std::shared_ptr<const ServerTls> ServerTls::make(const conf::ListenerTls& config, const std::string& path,
                                                 conf::Problems& problems) {
  auto state = std::make_unique<State>();
  bool usable = !config.certificates.empty();
  for (std::size_t i = 0; i < config.certificates.size(); ++i) {
    const conf::Certificate& certificate = config.certificates[i];
    State::Entry entry{new_context(TLS_server_method()), {}};
    SSL_CTX* context = entry.context.get();
    const std::string place = path + ".certificates[" + std::to_string(i) + "]";
    if (!use_certificate(context, certificate.certificate_file, certificate.key_file, place, problems)) {
      usable = false;
      continue;
    }
    if (config.min_version == "1.3") SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_alpn_select_cb(context, choose_http11, nullptr);
    static constexpr unsigned char session_context[] = "postern";
    SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets resume without memory of ours
    for (const std::string& host : certificate.hosts) entry.names.push_back(lower(host));
    if (entry.names.empty()) entry.names = certificate_names(context);
    state->entries.push_back(std::move(entry));
  }
  if (!usable) return nullptr;
  SSL_CTX* first = state->entries.front().context.get();
  SSL_CTX_set_tlsext_servername_callback(first, State::on_server_name);
  SSL_CTX_set_tlsext_servername_arg(first, state.get());
  std::shared_ptr<ServerTls> tls(new ServerTls);
  tls->state_ = std::move(state);
  return tls;
}

SslPtr ServerTls::new_connection() const {
  SslPtr ssl(SSL_new(state_->entries.front().context.get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_accept_state(ssl.get());
  return ssl;
}

// ---- an upstream's side

struct ClientTls::State {
  ContextPtr context;
  std::string server_name;
  bool verify = true;

  static int on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto* place = static_cast<Session*>(SSL_get_app_data(ssl));
    SSL_SESSION_free(std::exchange(place->kept, session));
    return 1;  // the reference is ours
  }
};

ClientTls::Session::~Session() {
  SSL_SESSION_free(kept);
}
ClientTls::~ClientTls() = default;

std::shared_ptr<const ClientTls> ClientTls::make(const conf::UpstreamTls& config, const std::string& path,
                                                 conf::Problems& problems) {
  auto state = std::make_unique<State>();
  state->context = new_context(TLS_client_method());
  state->server_name = config.server_name;
  state->verify = config.verify;
  SSL_CTX* context = state->context.get();
  bool usable = true;
  ERR_clear_error();
  if (config.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_file(context, config.ca_file.resolved.c_str()) != 1) {
    problems.add(path + ".ca_file", "cannot use " + config.ca_file.written + ": " + openssl_reason());
    usable = false;
  }
  if (!config.certificate_file.empty()) {
    usable &= use_certificate(context, config.certificate_file, config.key_file, path, problems);
  }
  if (!usable) return nullptr;
  SSL_CTX_set_verify(context, config.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, State::on_new_session);
  std::shared_ptr<ClientTls> tls(new ClientTls);
  tls->state_ = std::move(state);
  return tls;
}

SslPtr ClientTls::new_connection(const std::string& host, Session& session) const {
  const std::string& name = state_->server_name.empty() ? host : state_->server_name;
  SslPtr ssl(SSL_new(state_->context.get()));
  if (!ssl) throw std::bad_alloc();
  SSL_set_connect_state(ssl.get());
  SSL_set_app_data(ssl.get(), &session);
  X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl.get());
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1;
  if (!is_address) {
    const bool sent = SSL_set_tlsext_host_name(ssl.get(), name.c_str()) == 1;  // RFC 6066 section 3: names only
    const bool checked = X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size()) == 1;
    if (!sent || !checked) throw std::bad_alloc();  // never a connection whose peer's name is not looked at
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  }
  if (session.kept != nullptr) SSL_set_session(ssl.get(), session.kept);
  return ssl;
}

}  // namespace postern
