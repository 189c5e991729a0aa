// A server on a loopback port that does what a script says, and records what it was asked. Runs as coroutines of the
// test's own io_context.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "conf/url.hpp"
#include "gateway/executor.hpp"
#include "gateway/transport.hpp"

namespace postern::keys {

// One thing that the server does on a connection. After the last one it closes.
struct Step {
  enum class Kind { read_head, read_body, send, drip, begin_tls, hold, cut_off };
  Kind kind = Kind::read_head;
  std::string bytes{};         // to send, to drip
  SSL_CTX* context = nullptr;  // for begin_tls
  std::size_t size = 0;        // for read_body
  std::string if_known{};      // to send instead of `bytes` when the request names an entity tag
};
using Script = std::vector<Step>;

inline Step read_head() {
  return {};
}
// So many bytes, which are recorded behind their head.
inline Step read_body(std::size_t size) {
  return {Step::Kind::read_body, {}, nullptr, size};
}
inline Step send(std::string bytes) {
  return {Step::Kind::send, std::move(bytes)};
}
// The same bytes every millisecond, until the other side ends the connection: a time limit is reached before one of
// size, however fast the machine is.
inline Step drip(std::string bytes) {
  return {Step::Kind::drip, std::move(bytes)};
}
inline Step begin_tls(SSL_CTX* context) {
  return {Step::Kind::begin_tls, {}, context};
}
// Until the other side ends the connection.
inline Step hold() {
  return {Step::Kind::hold};
}
// Ends the connection without TLS's close_notify.
inline Step cut_off() {
  return {Step::Kind::cut_off};
}
// Reads a request and answers it.
inline Script answer(std::string bytes) {
  return {read_head(), send(std::move(bytes))};
}
inline Script answer_by_tls(SSL_CTX* context, std::string bytes) {
  return {begin_tls(context), read_head(), send(std::move(bytes))};
}

class ScriptedServer {
 public:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;

  // A script for each connection in turn; the last one also for all that follow. Must outlive the io_context's run().
  explicit ScriptedServer(boost::asio::io_context& io, std::vector<Script> scripts = {})
      : acceptor_(io, {boost::asio::ip::address_v4::loopback(), 0}), scripts_(scripts.begin(), scripts.end()) {
    spawn(io.get_executor(), serve());
  }

  // Before the io_context goes, when it goes first.
  void stop() { acceptor_.close(); }

  void add(Script script) { scripts_.push_back(std::move(script)); }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
  conf::Url url(std::string target = "/jwks", bool tls = false) const {
    return {tls, tls ? "localhost" : "127.0.0.1", port(), std::move(target)};
  }

  std::vector<std::string> requests;  // heads, each with its empty line, and what read_body() read
  unsigned connections = 0;
  unsigned failed_handshakes = 0;

 private:
  Task<void> serve() {
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(as_result);
      if (error) co_return;
      ++connections;
      const Script script = scripts_.front();
      if (scripts_.size() > 1) scripts_.pop_front();
      Transport transport(std::move(socket));
      co_await play(transport, script);
    }
  }

  Task<void> play(Transport& transport, const Script& script) {
    for (const Step& step : script) {
      error_code error;
      if (step.kind == Step::Kind::read_head) error = co_await take_head(transport);
      if (step.kind == Step::Kind::read_body) error = co_await take_body(transport, step.size);
      if (step.kind == Step::Kind::send) {
        const bool known = !step.if_known.empty() && requests.back().find("If-None-Match") != std::string::npos;
        error = co_await transport.write(known ? step.if_known : step.bytes);
      }
      while (step.kind == Step::Kind::drip && !error) {
        error = co_await transport.write(step.bytes);
        SteadyTimer pause(co_await current_executor(), std::chrono::milliseconds(1));
        co_await pause.async_wait(as_result);
      }
      if (step.kind == Step::Kind::begin_tls) {
        SslPtr ssl(SSL_new(step.context));
        SSL_set_accept_state(ssl.get());
        error = co_await transport.handshake(std::move(ssl));
        if (error) ++failed_handshakes;
      }
      if (step.kind == Step::Kind::hold) error = co_await wait_for_end(transport);
      if (step.kind == Step::Kind::cut_off) transport.close();
      if (error || step.kind == Step::Kind::cut_off) co_return;
    }
    transport.shutdown_send();
    // What the other side has sent and nobody reads would turn the end into a reset.
    co_await wait_for_end(transport);
  }

  Task<error_code> take_head(Transport& transport) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      char byte = 0;
      const auto [error, size] = co_await transport.read_some(&byte, 1);
      if (error) co_return error;
      head += byte;
    }
    requests.push_back(head);
    co_return error_code{};
  }

  Task<error_code> take_body(Transport& transport, std::size_t size) {
    for (; size > 0; --size) {
      char byte = 0;
      const auto [error, count] = co_await transport.read_some(&byte, 1);
      if (error) co_return error;
      requests.back() += byte;
    }
    co_return error_code{};
  }

  Task<error_code> wait_for_end(Transport& transport) {
    char byte = 0;
    for (;;) {
      const auto [error, size] = co_await transport.read_some(&byte, 1);
      if (error) co_return error;
    }
  }

  Acceptor acceptor_;
  std::deque<Script> scripts_;
};

}  // namespace postern::keys
