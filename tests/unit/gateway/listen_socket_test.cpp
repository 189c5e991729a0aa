#include "gateway/listen_socket.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

using postern::bind_address;

TEST_CASE("port 0 gives every worker a socket on the one port that the kernel chose") {
  const auto bound = bind_address("127.0.0.1:0", 3);
  REQUIRE(bound);
  CHECK(bound->sockets.size() == 3);
  CHECK(bound->endpoint.port() != 0);
}

TEST_CASE("what is accepted sends without delay, as its listening socket does") {
  const auto bound = bind_address("127.0.0.1:0", 1);
  REQUIRE(bound);
  namespace asio = boost::asio;
  asio::io_context io;
  asio::ip::tcp::acceptor acceptor(io, bound->endpoint.protocol(), ::dup(bound->sockets[0].get()));
  asio::ip::tcp::socket client(io);
  client.connect(bound->endpoint);
  acceptor.non_blocking(false);
  asio::ip::tcp::no_delay no_delay;
  acceptor.accept().get_option(no_delay);
  CHECK(no_delay.value());
}

TEST_CASE("a port that is listened on is refused although the port could be shared") {
  const auto first = bind_address("127.0.0.1:0", 1);
  REQUIRE(first);
  const auto second = bind_address("127.0.0.1:" + std::to_string(first->endpoint.port()), 1);
  REQUIRE_FALSE(second);
  CHECK(second.error().find("in use") != std::string::npos);
}

TEST_CASE("what is no address with a port is refused by name") {
  const auto bound = bind_address("nowhere:80", 1);
  REQUIRE_FALSE(bound);
  CHECK(bound.error().starts_with("cannot listen on nowhere:80: "));
}

TEST_CASE("at least one CPU is allowed") {
  CHECK(postern::allowed_cpus() >= 1);
}
