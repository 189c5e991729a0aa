// The connections of one worker to one upstream: kept alive between requests, closed when idle too long.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "gateway/request_limit.hpp"
#include "gateway/resolved_names.hpp"
#include "gateway/ticker.hpp"
#include "gateway/tls.hpp"
#include "gateway/transport.hpp"

namespace postern {

// One of an upstream's, which the connections in turn go to.
struct Endpoint {
  std::string text;  // `http://host:port`, for the log
  std::string host;
  std::uint16_t port = 0;
  std::shared_ptr<ResolvedName> name;  // the host's
  ClientTls::Session session;
};

class UpstreamConnection {
 public:
  UpstreamConnection(TcpSocket socket, std::shared_ptr<Endpoint> endpoint)
      : transport(std::move(socket)), endpoint_(std::move(endpoint)) {}

  // The name, TCP, then TLS where the endpoint has it. Without a deadline of its own: whoever waits calls cancel().
  Task<error_code> open(const ClientTls* tls);
  // Ends whatever is suspended with operation_aborted; after it a connection that is not open will not be. Thread of
  // the socket only.
  void cancel() noexcept;
  const Endpoint& endpoint() const noexcept { return *endpoint_; }

  Transport transport;
  bool reused = false;      // it has served a request before
  SteadyTime idle_since{};  // while it is in the pool

 private:
  std::shared_ptr<Endpoint> endpoint_;
  bool given_up_ = false;
};

class UpstreamPool final : public Ticking {
 public:
  // `tls` is null for an http upstream, `limit` where there may be any number of requests.
  UpstreamPool(boost::asio::io_context& io, Ticker& ticker, ResolvedNames& names, const conf::Upstream& config,
               std::shared_ptr<const ClientTls> tls, std::shared_ptr<RequestLimit> limit);
  ~UpstreamPool();

  // An unused connection that was open a moment ago, the last one first; null when there is none.
  std::unique_ptr<UpstreamConnection> take();
  // The turn of a request that needs a new connection: where it begins, from which it goes on to the endpoints behind
  // it.
  std::size_t take_turn() noexcept { return next_turn_++; }
  // A connection to the endpoint of this turn, still to be opened.
  std::unique_ptr<UpstreamConnection> make(std::size_t turn);
  // One that is fit for another request. The longest idle one goes where there are max_idle; this one where there is no
  // memory to keep it.
  void give_back(std::unique_ptr<UpstreamConnection> connection) noexcept;

  std::size_t endpoints() const noexcept { return endpoints_.size(); }
  const ClientTls* tls() const noexcept { return tls_.get(); }
  // Shared with the pools of other workers.
  const std::shared_ptr<RequestLimit>& limit() const noexcept { return limit_; }

  // Closes connections that are idle too long or that the upstream has ended.
  void on_tick(SteadyTime now) override;

 private:
  boost::asio::io_context& io_;
  Ticker& ticker_;
  std::chrono::milliseconds idle_limit_;
  std::size_t max_idle_;
  std::shared_ptr<const ClientTls> tls_;
  std::shared_ptr<RequestLimit> limit_;
  std::vector<std::shared_ptr<Endpoint>> endpoints_;
  std::size_t next_turn_ = 0;
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;  // the longest idle first
};

}  // namespace postern
