// A client's connection, whoever holds it: the session that serves it, or Parked while it is quiet.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gateway/ticker.hpp"
#include "gateway/tls.hpp"
#include "gateway/transport.hpp"

namespace postern {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;

// A listening socket of one worker. Connections share it, so that it lives as long as the last of them.
struct Listening {
  Listening(boost::asio::io_context& io, std::string configured)
      : acceptor(io.get_executor()), address(std::move(configured)) {}
  Acceptor acceptor;
  std::string address;  // as configured: what a reload compares
  std::uint16_t port = 0;
  std::shared_ptr<const ServerTls> tls;
  std::uint16_t https_port = 0;  // where every request is redirected to; 0: none is
};

// One more in a gauge, for as long as this is there.
class Counted {
 public:
  explicit Counted(std::uint64_t& gauge) noexcept : gauge_(&gauge) { ++gauge; }
  Counted(Counted&& other) noexcept : gauge_(std::exchange(other.gauge_, nullptr)) {}
  Counted& operator=(Counted&&) = delete;
  ~Counted() {
    if (gauge_ != nullptr) --*gauge_;
  }

 private:
  std::uint64_t* gauge_;
};

struct Connection {
  Counted counted;
  Transport transport;
  boost::asio::ip::tcp::endpoint peer;
  std::shared_ptr<Listening> listening;
  std::shared_ptr<const ServerTls> tls;  // as the listener had it when it accepted this; null: plain
  bool used = false;                     // a request has come on it
  // When the client's time for the first byte of its next request is over (`never`: it has no limit); empty: it has not
  // begun.
  std::optional<SteadyTime> quiet_until = std::nullopt;
};

}  // namespace postern
