#include "gateway/whole_body.hpp"

#include <doctest/doctest.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>

using namespace postern;
namespace asio = boost::asio;

namespace {

struct WholeBody {
  std::string body;
  std::string refused;  // the reason's code
  std::string rest;     // in the inbox afterwards
  std::string answered;
};

Task<void> read_into(BufferPool& pool, Transport& client, Inbox& inbox, http::Framing framing, std::size_t limit,
                WholeBody& outcome) {
  const auto body = co_await read_whole_body(pool, client, inbox, framing, limit);
  if (body) {
    outcome.body = body->reveal();
    outcome.rest = inbox.bytes();
  } else {
    outcome.refused = code_of(body.error().reason);
  }
  client.close();
}

// `at_hand` came with the head, `later` comes after it; then the client ends its side.
WholeBody read_whole(http::Framing framing, std::string_view at_hand, std::string_view later, std::size_t limit = 16) {
  asio::io_context io{1};
  TcpSocket near_end{io.get_executor()};
  TcpSocket far_end{io.get_executor()};
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  near_end.connect(acceptor.local_endpoint());
  acceptor.accept(far_end);
  asio::write(far_end, asio::buffer(later));
  far_end.shutdown(asio::socket_base::shutdown_send);
  Transport client(std::move(near_end));

  BufferPool pool(4096, 1);
  Inbox inbox;
  inbox.set_buffer(pool.take());
  const std::string received = "head" + std::string(at_hand);
  received.copy(inbox.room(), received.size());
  inbox.received(received.size());
  inbox.consume(4);

  WholeBody outcome;
  spawn(io.get_executor(), read_into(pool, client, inbox, framing, limit, outcome));
  io.run();
  boost::system::error_code ended;
  asio::read(far_end, asio::dynamic_buffer(outcome.answered), ended);
  return outcome;
}

http::Framing fixed(std::uint64_t length) {
  http::Framing framing;
  framing.kind = http::BodyKind::fixed;
  framing.length = length;
  return framing;
}

http::Framing chunked() {
  http::Framing framing;
  framing.kind = http::BodyKind::chunked;
  return framing;
}

}  // namespace

TEST_CASE("a body is whole, however it comes, and what follows it stays in the inbox") {
  CHECK(read_whole(fixed(5), "hello", "").body == "hello");
  const WholeBody with_next = read_whole(fixed(5), "helloGET /", "");
  CHECK(with_next.body == "hello");
  CHECK(with_next.rest == "GET /");
  CHECK(read_whole(fixed(5), "he", "llo").body == "hello");
  CHECK(read_whole(fixed(0), "GET /", "").rest == "GET /");
  const WholeBody in_chunks = read_whole(chunked(), "3\r\nhel\r\n2\r", "\nlo\r\n0\r\n\r\nGET /");
  CHECK(in_chunks.body == "hello");
  CHECK(in_chunks.rest == "GET /");
  const WholeBody none = read_whole({}, "GET /", "");
  CHECK(none.body.empty());
  CHECK(none.rest == "GET /");
}

TEST_CASE("a body of the limit is read, one byte more is refused") {
  const std::string most(16, 'a');
  CHECK(read_whole(fixed(16), "", most).body == most);
  CHECK(read_whole(fixed(17), "", most + "a").refused == "body_too_large");
  CHECK(read_whole(chunked(), "", "10\r\n" + most + "\r\n0\r\n\r\n").body == most);
  CHECK(read_whole(chunked(), "", "11\r\n" + most + "a\r\n0\r\n\r\n").refused == "body_too_large");
}

TEST_CASE("a body that ends early or has broken chunks is malformed") {
  CHECK(read_whole(fixed(6), "he", "llo").refused == "request_malformed");
  CHECK(read_whole(chunked(), "", "zz\r\n").refused == "request_malformed");
}

TEST_CASE("a client that waits for 100 is told to go on, unless its body is too long") {
  http::Framing waiting = fixed(5);
  waiting.expects_continue = true;
  CHECK(read_whole(waiting, "", "hello").answered == "HTTP/1.1 100 Continue\r\n\r\n");
  waiting.length = 17;
  CHECK(read_whole(waiting, "", "hello").answered.empty());
}
