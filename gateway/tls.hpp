// TLS contexts (OpenSSL): a listener's certificates by SNI, an upstream's verification. Loaded once for each snapshot.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "conf/config.hpp"
#include "conf/problems.hpp"
#include "gateway/transport.hpp"

struct ssl_session_st;  // OpenSSL's SSL_SESSION

namespace postern {

// A listener's side: TLS 1.2 and 1.3, modern ciphers, ALPN `http/1.1`; the certificate follows the client's SNI.
class ServerTls {
 public:
  // Null when a file cannot be used; `problems` says which and why.
  static std::shared_ptr<const ServerTls> make(const conf::ListenerTls& config, const std::string& path,
                                               conf::Problems& problems);
  ~ServerTls();
  SslPtr new_connection() const;

 private:
  ServerTls() = default;
  struct State;
  std::unique_ptr<State> state_;
};

// An upstream's side: chain and name are verified unless the configuration says otherwise; sessions are reused.
class ClientTls {
 public:
  static std::shared_ptr<const ClientTls> make(const conf::UpstreamTls& config, const std::string& path,
                                               conf::Problems& problems);
  ~ClientTls();

  // The last session of one endpoint, for one worker.
  struct Session {
    ssl_session_st* kept = nullptr;
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();
  };

  // `host` is the endpoint's; SNI and the name check use the configured server_name instead where there is one. The
  // session must outlive the connection.
  SslPtr new_connection(const std::string& host, Session& session) const;

 private:
  ClientTls() = default;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern
