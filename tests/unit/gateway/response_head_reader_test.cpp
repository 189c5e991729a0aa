#include "gateway/response_head_reader.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace postern;

namespace {

struct ReadHead {
  std::optional<Refusal> refused;
  bool complete = false;
  unsigned status = 0;
  std::uint64_t length = 0;
  std::string rest;
};

// An upstream's bytes, `piece` of them at a time.
ReadHead read_head(std::string_view bytes, std::size_t piece, const conf::Limits& limits = {}) {
  std::vector<char> buffer(128 * 1024);
  http::ResponseHead response;
  ResponseHeadReader reader(buffer.data(), buffer.size(), limits, http::Method::get, response);
  ReadHead outcome;
  while (!bytes.empty() && !outcome.refused && !reader.complete()) {
    const std::string_view next = bytes.substr(0, piece);
    REQUIRE(reader.room_size() >= next.size());
    next.copy(reader.room(), next.size());
    outcome.refused = reader.received(next.size());
    bytes.remove_prefix(next.size());
  }
  outcome.complete = reader.complete();
  if (outcome.complete) {
    outcome.status = response.status;
    outcome.length = reader.framing().length;
    outcome.rest = std::string(reader.rest()).append(bytes);
  }
  return outcome;
}

constexpr std::string_view ok_head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
constexpr std::string_view hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

}  // namespace

TEST_CASE("a response's head is found in pieces of any size, interim ones are dropped") {
  const std::string bytes = std::string(hints).append(hints).append(ok_head).append("body");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const ReadHead outcome = read_head(bytes, piece);
    CHECK_FALSE(outcome.refused.has_value());
    CHECK(outcome.status == 200);
    CHECK(outcome.length == 4);
    CHECK(outcome.rest == "body");
  }
}

TEST_CASE("101 is the final response of an upgrade") {
  CHECK(read_head("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nfirst", 1000).rest ==
        "first");
}

TEST_CASE("half a head is neither complete nor refused") {
  const ReadHead outcome = read_head(ok_head.substr(0, ok_head.size() - 1), 7);
  CHECK_FALSE(outcome.complete);
  CHECK_FALSE(outcome.refused.has_value());
}

TEST_CASE("sixteen interim responses pass and one more is too many") {
  std::string bytes;
  for (unsigned i = 0; i < ResponseHeadReader::max_interim_responses; ++i) bytes.append(hints);
  CHECK(read_head(bytes + std::string(ok_head), 1000).complete);
  const ReadHead one_more = read_head(bytes + std::string(hints) + std::string(ok_head), 1000);
  CHECK(one_more.refused->detail == "too many interim responses");
}

TEST_CASE("a response's head passes at the limit and is refused one byte above it, whole or in pieces") {
  conf::Limits limits;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
    limits.response_head_bytes.count = ok_head.size();
    CHECK(read_head(ok_head, piece, limits).complete);
    limits.response_head_bytes.count = ok_head.size() - 1;
    CHECK(read_head(ok_head, piece, limits).refused->reason == Reason::upstream_malformed);
  }
}

TEST_CASE("a response's head passes with as many fields as the limit says and not with one more, whole or in pieces") {
  conf::Limits limits;
  limits.head_fields = 1;  // of requests
  limits.response_head_fields = 9;
  const auto with_fields = [](unsigned count) {
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    for (unsigned i = 1; i < count; ++i) head += "A: b\r\n";
    return head + "\r\n";
  };
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
    CHECK(read_head(with_fields(9), piece, limits).complete);
    const ReadHead refused = read_head(with_fields(10), piece, limits);
    REQUIRE(refused.refused.has_value());
    CHECK(refused.refused->reason == Reason::upstream_malformed);
  }
}

TEST_CASE("nonsense is refused as the upstream's fault, whole or in pieces") {
  for (const std::string_view bytes :
       {"<html>", "HTTP/2 200\r\n\r\n", "HTTP/1.1 200 OK\nA: b\r\n\r\n", "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
      CAPTURE(bytes);
      const ReadHead outcome = read_head(bytes, piece);
      REQUIRE(outcome.refused.has_value());
      CHECK(outcome.refused->reason == Reason::upstream_malformed);
    }
  }
}
