// One connection of a fetch: from a URL to bytes that go to its origin, by an HTTP proxy where there is one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <vector>

#include "filters/keys/fetch_deadline.hpp"
#include "gateway/response_head_reader.hpp"

namespace postern::keys {

// How a step ended badly, or nothing.
using MaybeFailure = std::optional<FetchFailure>;
using TcpAddresses = std::vector<boost::asio::ip::tcp::endpoint>;

class FetchConnection {
 public:
  static constexpr std::size_t max_addresses = 8;  // tried for one name

  // All of them must outlive this.
  FetchConnection(Executor executor, const FetchOptions& options, FetchDeadline& deadline,
                  const Observe& observe);
  ~FetchConnection() { deadline_.guard(nullptr); }
  FetchConnection(const FetchConnection&) = delete;
  FetchConnection& operator=(const FetchConnection&) = delete;

  // To the URL's origin; by the proxy a tunnel to it when it is https. The URL has been judged by refuse_url().
  Task<MaybeFailure> open(const conf::Url& url, const std::optional<conf::Url>& proxy);

  // Tries each in turn, with an equal part of the time that is left.
  Task<MaybeFailure> connect(const TcpAddresses& addresses);

  // Sends `head` and reads a response's head with `reader`; the deadline's phases are the caller's to begin.
  Task<MaybeFailure> send(std::string_view head);
  Task<MaybeFailure> receive(ResponseHeadReader& reader);

  Transport& transport() noexcept { return transport_; }

 private:
  Task<MaybeFailure> resolve(const conf::Url& to, bool must_be_loopback, TcpAddresses& addresses);
  Task<MaybeFailure> look_up(const std::string& host, std::uint16_t port, TcpAddresses& addresses);
  MaybeFailure judge(const conf::Url& to, bool must_be_loopback, TcpAddresses& addresses) const;
  Task<MaybeFailure> open_tunnel(const conf::Url& url);
  Task<MaybeFailure> begin_tls(const conf::Url& url);
  FetchFailure failure(const error_code& error) const;
  void observe(const std::string& what) const;

  Executor executor_;
  const FetchOptions& options_;
  FetchDeadline& deadline_;
  const Observe& observe_;
  ClientTls::Session session_;  // outlives the transport
  Transport transport_;
};

// A sentence about a failed TLS operation, from the certificate's verdict and OpenSSL's queue; nothing when the queue
// has nothing to say. To be called right after the operation. `from_peer`: the peer sent an alert.
struct TlsReason {
  std::string text;
  bool from_peer = false;
};
std::optional<TlsReason> last_tls_reason(const Transport& transport);

// `TLSv1.3, its certificate is valid until Jan  1 00:00:00 2030 GMT`.
std::string describe_tls(const Transport& transport);

}  // namespace postern::keys
