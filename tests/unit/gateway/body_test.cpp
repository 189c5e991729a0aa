#include "gateway/body.hpp"

#include <doctest/doctest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <string>

using namespace postern;
namespace asio = boost::asio;

namespace {

// A connected pair over loopback.
struct Pair {
  asio::io_context io{1};
  TcpSocket near_end{io.get_executor()};
  TcpSocket far_end{io.get_executor()};

  Pair() {
    asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    near_end.connect(acceptor.local_endpoint());
    acceptor.accept(far_end);
  }
};

struct Outcome {
  std::string data;
  std::string framed;
  BodyReader::Status status = BodyReader::Status::more;
  std::string rest;
};

Task<void> read_all(Transport& from, http::Framing framing, std::string first, Outcome& outcome) {
  BufferPool pool(4096, 1);
  Buffer buffer = pool.take();
  char* begin = buffer.data() + BodyReader::headroom;
  first.copy(begin, first.size());
  BodyReader reader(from, framing, buffer, {begin, first.size()});
  while (outcome.status == BodyReader::Status::more) {
    const BodyReader::Piece piece = co_await reader.next();
    outcome.data += piece.data;
    outcome.status = piece.status;
    outcome.rest = reader.rest();
    outcome.framed += frame_chunk(piece);
  }
}

http::Framing framing_as(http::BodyKind kind, std::uint64_t length = 0) {
  http::Framing framing;
  framing.kind = kind;
  framing.length = length;
  return framing;
}

Outcome read_body(http::Framing framing, const std::string& first, const std::string& sent, bool close = true) {
  Pair pair;
  asio::write(pair.far_end, asio::buffer(sent));
  if (close) pair.far_end.close();
  Transport transport(std::move(pair.near_end));
  Outcome outcome;
  spawn(pair.io.get_executor(), read_all(transport, framing, first, outcome));
  pair.io.run();
  return outcome;
}

}  // namespace

TEST_CASE("a fixed body ends at its length and leaves what follows") {
  const Outcome outcome = read_body(framing_as(http::BodyKind::fixed, 5), "hello, next", "");
  CHECK(outcome.data == "hello");
  CHECK(outcome.status == BodyReader::Status::last);
  CHECK(outcome.rest == ", next");
}

TEST_CASE("a fixed body is never read past its end") {
  const Outcome outcome = read_body(framing_as(http::BodyKind::fixed, 10), "hello", "worldGET / HTTP/1.1");
  CHECK(outcome.data == "helloworld");
  CHECK(outcome.rest.empty());
}

TEST_CASE("a fixed body that ends early has failed") {
  const Outcome outcome = read_body(framing_as(http::BodyKind::fixed, 11), "hello", "world");
  CHECK(outcome.data == "helloworld");
  CHECK(outcome.status == BodyReader::Status::failed);
}

TEST_CASE("a chunked body that the connection cuts off has failed") {
  const Outcome outcome = read_body(framing_as(http::BodyKind::chunked), "5\r\nhel", "lo\r\n");
  CHECK(outcome.data == "hello");
  CHECK(outcome.status == BodyReader::Status::failed);
}

TEST_CASE("a body until the close ends with it") {
  const Outcome outcome = read_body(framing_as(http::BodyKind::until_close), "a", "bc");
  CHECK(outcome.data == "abc");
  CHECK(outcome.status == BodyReader::Status::last);
  CHECK(outcome.framed == "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n");
}

TEST_CASE("every split of a chunked body is framed into the same content again") {
  const std::string whole = "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX-User: evil\r\n\r\n";
  for (std::size_t split = 0; split <= whole.size(); ++split) {
    CAPTURE(split);
    const Outcome outcome =
        read_body(framing_as(http::BodyKind::chunked), whole.substr(0, split), whole.substr(split) + "GET");
    CHECK(outcome.data == "abc0123456789");
    CHECK(outcome.status == BodyReader::Status::last);
    CHECK(outcome.framed.ends_with("\r\n0\r\n\r\n"));
    CHECK(outcome.framed.find("evil") == std::string::npos);
    const Outcome again = read_body(framing_as(http::BodyKind::chunked), outcome.framed, "");
    CHECK(again.data == "abc0123456789");
    CHECK(again.status == BodyReader::Status::last);
  }
}
