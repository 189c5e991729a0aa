#include "filters/keys/fetch_deadline.hpp"

#include <doctest/doctest.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace postern::keys {
namespace {

using boost::asio::ip::tcp;
using std::chrono::milliseconds;

// Two ends of a connection, the near one guarded.
struct Pair {
  explicit Pair(boost::asio::io_context& io) : near(io), far(io) {
    tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    near.connect(acceptor.local_endpoint());
    acceptor.accept(far);
    near.non_blocking(true);
  }
  error_code read() {
    std::array<char, 1> byte{};
    error_code error;
    near.read_some(boost::asio::buffer(byte), error);
    return error;
  }
  TcpSocket near;
  TcpSocket far;
};

}  // namespace

TEST_CASE("a phase whose time is over when it begins has passed at once") {
  boost::asio::io_context io;
  FetchDeadline over(io.get_executor(), milliseconds(0));
  over.begin(Phase::body);
  CHECK(over.passed());
  FetchDeadline ahead(io.get_executor(), milliseconds(60'000));
  ahead.begin(Phase::body);
  CHECK(!ahead.passed());
  CHECK(ahead.failure("why", 500).detail == "why");
  CHECK(ahead.failure("why", 500).status == 500);
}

TEST_CASE("when the time has passed, operations that begin later end too") {
  boost::asio::io_context io;
  Pair pair(io);
  FetchDeadline deadline(io.get_executor(), milliseconds(0));
  deadline.guard(&pair.near);
  CHECK(pair.read() == boost::asio::error::would_block);
  deadline.begin(Phase::response);
  io.run();
  CHECK(deadline.passed());
  CHECK(pair.read() == boost::asio::error::eof);
  const FetchFailure failed = deadline.failure("why");
  CHECK(failed.timed_out);
  CHECK(failed.phase == Phase::response);
}

TEST_CASE("a deadline that is gone or begins anew ends nothing") {
  boost::asio::io_context io;
  Pair pair(io);
  {
    FetchDeadline gone(io.get_executor(), milliseconds(0));
    gone.guard(&pair.near);
    gone.begin(Phase::response);
  }
  FetchDeadline released(io.get_executor(), milliseconds(0));
  released.guard(&pair.near);
  released.begin(Phase::response);
  released.guard(nullptr);
  io.run();
  CHECK(pair.read() == boost::asio::error::would_block);
}

TEST_CASE("the whole fetch has four times the time of a phase, however quick each is") {
  boost::asio::io_context io;
  const auto begin = std::chrono::steady_clock::now();
  FetchDeadline deadline(io.get_executor(), milliseconds(5));
  while (!deadline.passed()) deadline.begin(Phase::redirect);  // nothing runs: no phase's own time ends it
  CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(20));
  CHECK(deadline.whole_passed());
  CHECK(deadline.failure("why").timed_out);
  CHECK(deadline.failure("why").detail == "the whole fetch took longer than 20 ms");
}

TEST_CASE("a share of a phase ends before the phase does") {
  boost::asio::io_context io;
  FetchDeadline deadline(io.get_executor(), milliseconds(60'000));
  deadline.begin(Phase::connect);
  const auto whole = deadline.ends_at();
  deadline.allot(3);
  const auto third = deadline.ends_at();
  deadline.allot(1);
  CHECK(third < whole - milliseconds(30'000));
  CHECK(deadline.ends_at() <= whole);
  CHECK(deadline.ends_at() > third);
}

}  // namespace postern::keys
