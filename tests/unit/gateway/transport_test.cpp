#include "gateway/transport.hpp"

#include <doctest/doctest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>

#include "gateway/watch.hpp"
#include "tests/unit/scarce_memory.hpp"

using namespace postern;
namespace asio = boost::asio;

namespace {

// A connection over loopback, one end of it in a transport.
struct Connected {
  Connected() {
    asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor(io.get_executor(),
                                                                  {asio::ip::address_v4::loopback(), 0});
    peer.connect(acceptor.local_endpoint());
    transport = std::make_unique<Transport>(acceptor.accept());
    transport->socket().non_blocking(true);
  }

  // Sends until the kernel takes no more; how many bytes there were.
  std::size_t fill() {
    const std::string piece(64 * 1024, 'x');
    std::size_t sent = 0;
    for (error_code error;;) {
      std::string_view first = piece, second;
      const bool is_whole = transport->try_write(first, second, error);
      sent += piece.size() - first.size();
      if (!is_whole) return sent;
    }
  }

  // A write of much more than the kernel takes, until it waits.
  void begin_write() {
    spawn(io.get_executor(), write_much());
    io.poll();
  }
  Task<void> write_much() {
    const std::string much(64 * 1024 * 1024, 'x');
    co_await transport->write(much);
  }

  int unacknowledged() {
    int bytes = 0;
    REQUIRE(::ioctl(transport->socket().native_handle(), SIOCOUTQ, &bytes) == 0);
    return bytes;
  }

  // Of a write that waits; much less than a third of what the kernel holds of it.
  void receive_a_little() {
    const int before = unacknowledged();
    receive(100'000);
    REQUIRE(wait_until([&] { return unacknowledged() < before; }));
  }

  void receive(std::size_t size) {
    std::string bytes(size, '\0');
    asio::read(peer, asio::buffer(bytes));
  }

  asio::io_context io;
  TcpSocket peer{io.get_executor()};
  std::unique_ptr<Transport> transport;
};

}  // namespace

TEST_CASE("a connection may be closed once the peer has every byte, and none of it is left unread") {
  Connected connected;
  Transport& transport = *connected.transport;
  CHECK(transport.may_close());
  const std::size_t sent = connected.fill();
  CHECK_FALSE(transport.may_close());
  connected.receive(sent);
  CHECK(wait_until([&] { return transport.may_close(); }));
  asio::write(connected.peer, asio::buffer("\r\n", 2));
  CHECK(wait_until([&] { return !transport.may_close(); }));
  transport.close();
  CHECK(transport.may_close());
}

TEST_CASE(
    "a peer that has ended its side loses nothing by a close, unless it sent something before that nobody has read") {
  Connected connected;
  connected.peer.shutdown(TcpSocket::shutdown_send);
  CHECK(wait_until([&] { return connected.transport->peer_gone(); }));
  CHECK(connected.transport->may_close());
  Connected sending;
  asio::write(sending.peer, asio::buffer("G", 1));
  sending.peer.shutdown(TcpSocket::shutdown_send);
  CHECK(wait_until([&] { return sending.transport->peer_gone(); }));
  CHECK_FALSE(sending.transport->may_close());
}

TEST_CASE("a peer that has ended its side is seen behind bytes that nobody has read") {
  Connected connected;
  asio::write(connected.peer, asio::buffer("G", 1));
  CHECK(wait_until([&] { return !connected.transport->is_silent(); }));
  CHECK_FALSE(connected.transport->peer_gone());
  connected.peer.shutdown(TcpSocket::shutdown_send);
  CHECK(wait_until([&] { return connected.transport->peer_gone(); }));
}

TEST_CASE("a connection is over when the peer has reset it, not when the peer has ended its side") {
  Connected connected;
  connected.peer.shutdown(TcpSocket::shutdown_send);
  CHECK(wait_until([&] { return connected.transport->peer_gone(); }));
  CHECK_FALSE(connected.transport->is_over());
  connected.peer.set_option(asio::socket_base::linger(true, 0));
  connected.peer.close();
  CHECK(wait_until([&] { return connected.transport->is_over(); }));
}

TEST_CASE("a write that waits goes on where its peer takes a little, of which the kernel does not tell") {
  Connected connected;
  Transport& transport = *connected.transport;
  CHECK_FALSE(transport.writes_move());
  connected.begin_write();
  CHECK(transport.writes_move());
  CHECK(wait_until([&] { return !transport.writes_move(); }));
  connected.receive_a_little();
  CHECK(transport.writes_move());
  CHECK(wait_until([&] { return !transport.writes_move(); }));
}

TEST_CASE("what the kernel has taken moves on until its peer has all of it") {
  Connected connected;
  Transport& transport = *connected.transport;
  const std::size_t sent = connected.fill();
  CHECK_FALSE(transport.writes_move());
  connected.receive_a_little();
  CHECK(transport.writes_move());
  CHECK(wait_until([&] { return !transport.writes_move(); }));
  connected.receive(sent - 100'000);
  CHECK(wait_until([&] { return transport.may_reset(); }));
  CHECK(transport.writes_move());
  CHECK_FALSE(transport.writes_move());
}

TEST_CASE("the deadline of a stream moves on while the peer takes some of it, and passes when it takes nothing") {
  constexpr std::chrono::hours limit{1};
  for (const auto cause : {Watch::Cause::download, Watch::Cause::stream, Watch::Cause::websocket}) {
    for (const bool waits : {true, false}) {  // the write; else all of it is in the kernel
      CAPTURE(static_cast<int>(cause));
      CAPTURE(waits);
      Connected connected;
      asio::io_context never_run;  // so that there are no ticks but the test's
      Ticker ticker(never_run);
      const Drain drain = Drain::none;
      Watch watch(ticker, *connected.transport, drain);
      watch.arm(cause, limit);
      SteadyTime now = ticker.now();
      if (waits) {
        connected.begin_write();
      } else {
        connected.fill();
        watch.on_tick(now);
      }
      for (int i = 0; i < 3; ++i) {
        if (!waits || i > 0) connected.receive_a_little();
        watch.on_tick(now += limit);
        CHECK(watch.expired() == Watch::Cause::none);
      }
      CHECK(wait_until([&] {
        watch.on_tick(now += limit);
        return watch.expired() == cause;
      }));
    }
  }
}
