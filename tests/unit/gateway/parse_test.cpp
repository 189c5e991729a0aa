#include "gateway/http/parse.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "head_text.hpp"

using namespace postern;
using namespace postern::http;
using State = HeadScanner::State;

namespace {

constexpr std::string_view plain = "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n";

std::string many_fields(std::size_t count) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < count; ++i) head += "X-" + std::to_string(i) + ": v\r\n";
  return head + "\r\n";
}

Reason reason_of(std::string_view bytes) {
  RequestHead head;
  const auto parsed = parse_request_head(bytes, {}, head);
  return parsed ? Reason::accepted : parsed.error().reason;
}

Reason response_reason_of(std::string_view bytes) {
  ResponseHead head;
  const auto parsed = parse_response_head(bytes, {}, head);
  return parsed ? Reason::accepted : parsed.error().reason;
}

}  // namespace

TEST_CASE("a head ends at its empty line, wherever the receiving stopped before") {
  const std::string received = std::string(plain) + "body";
  for (std::size_t stop = 0; stop < plain.size(); ++stop) {
    HeadScanner scanner(1024);
    CHECK(scanner.scan(std::string_view(received).substr(0, stop)) == State::need_more);
    CHECK(scanner.scan(received) == State::complete);
    CHECK(scanner.begin() == 0);
    CHECK(scanner.end() == plain.size());
  }
}

TEST_CASE("a head may arrive byte by byte") {
  HeadScanner scanner(1024);
  for (std::size_t size = 1; size < plain.size(); ++size)
    CHECK(scanner.scan(plain.substr(0, size)) == State::need_more);
  CHECK(scanner.scan(plain) == State::complete);
  CHECK(scanner.scan(plain) == State::complete);
}

TEST_CASE("the limit on a head holds at N and refuses at N+1, whole or in pieces") {
  const std::string_view head = plain;
  CHECK(HeadScanner(head.size()).scan(head) == State::complete);
  CHECK(HeadScanner(head.size() - 1).scan(head) == State::too_large);
  HeadScanner scanner(head.size() - 1);
  CHECK(scanner.scan(head.substr(0, head.size() - 2)) == State::need_more);
  CHECK(scanner.scan(head.substr(0, head.size() - 1)) == State::too_large);
}

TEST_CASE("one empty line before a request is skipped and not counted") {
  const std::string received = "\r\n" + std::string(plain);
  HeadScanner scanner(plain.size());
  CHECK(scanner.scan("\r") == State::need_more);
  CHECK(scanner.scan("\r\n") == State::need_more);
  CHECK(scanner.scan(received) == State::complete);
  CHECK(scanner.begin() == 2);
  CHECK(scanner.end() == received.size());
  CHECK(HeadScanner(1024).scan("\r\n\r\n") == State::malformed);
  CHECK(HeadScanner(1024, true).scan("\r\n") == State::malformed);
}

TEST_CASE("what cannot become a head is refused before its end arrives") {
  struct Row {
    const char* what;
    std::string_view received;
  };
  for (const Row& row :
       {Row{"row 90: bare LF after the request line", "GET / HTTP/1.1\nHo"},
        Row{"row 90: bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n"}, Row{"row 90: bare LF first", "\nGET"},
        Row{"row 96: CR and no LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\rX"},
        Row{"row 97: HTTP/0.9", "GET /\r\n"}, Row{"row 97: HTTP/1.2", "GET / HTTP/1.2\r\n"},
        Row{"row 97: HTTP/2.0", "PRI * HTTP/2.0\r\n"}, Row{"version in lower case", "GET / http/1.1\r\n"},
        Row{"row 51: folded line", "GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n"},
        Row{"white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n"}, Row{"a TLS hello", "\x16\x03\x01"},
        Row{"a leading space", " GET"}, Row{"CR before the request line", "\rG"},
        Row{"CR before a whole field", "GET / HTTP/1.1\r\n\rX: a\r\n"}}) {
    CAPTURE(row.what);
    CHECK(HeadScanner(16 * 1024).scan(row.received) == State::malformed);
  }
}

TEST_CASE("a response that does not begin with HTTP/1. is refused at the first byte that differs") {
  CHECK(HeadScanner(1024, true).scan("HT") == State::need_more);
  CHECK(HeadScanner(1024, true).scan("HX") == State::malformed);
  CHECK(HeadScanner(1024, true).scan("HTTP/2 200\r\n\r\n") == State::malformed);
  CHECK(HeadScanner(1024, true).scan("<html>") == State::malformed);
  CHECK(HeadScanner(1024, true).scan("HTTP/1.1 200 OK\r\n\r\n") == State::complete);
}

TEST_CASE("a request's parts are views of what was received") {
  const std::string text = "PURGE /a?b=c HTTP/1.0\r\nhOST:  a \t\r\nX-Empty:\r\nX: \xC3\xA9 b\r\n\r\n";
  RequestHead head;
  REQUIRE(parse_request_head(text, {}, head).has_value());
  CHECK(head.method == Method::other);
  CHECK(head.method_name == "PURGE");
  CHECK(head.target == "/a?b=c");
  CHECK(head.minor_version == 0);
  REQUIRE(head.fields.size() == 3);
  CHECK(head.fields.find(KnownField::host)->name == "hOST");
  CHECK(head.fields.find(KnownField::host)->value == "a");
  CHECK(head.fields.find("x-empty")->value.empty());
  CHECK(head.fields.find("x")->value == "\xC3\xA9 b");
  CHECK(head.target.data() == text.data() + 6);
}

TEST_CASE("a malformed request head is refused") {
  using namespace std::string_view_literals;
  struct Row {
    const char* what;
    std::string_view fields;
  };
  for (const Row& row : {
           Row{"row 46: space before the colon", "X-User : a\r\n"},
           Row{"row 51: folded value", "X: a\r\n b\r\n"},
           Row{"row 51: folded by a tab", "X: a\r\n\tb\r\n"},
           Row{"row 51: value on the folded line alone", "X:\r\n a\r\n"},
           Row{"row 51: empty fold, then a value", "X:\r\n \r\n a\r\n"},
           Row{"row 51: empty fold after a value", "X: a\r\n \r\nY: b\r\n"},
           Row{"row 51: only empty folds", "X:\r\n \r\nY: b\r\n"},
           Row{"row 55: CR in a value", "X: a\rb\r\n"},
           Row{"row 55: LF in a value", "X: a\nb\r\n"},
           Row{"row 55: NUL in a value", "X: a\0b\r\n"sv},
           Row{"DEL in a value", "X: a\x7f\r\n"},
           Row{"row 82: vertical tab",
               "Transfer-Encoding: \x0b"
               "chunked\r\n"},
           Row{"row 95: empty name", ": a\r\n"},
           Row{"row 95: no colon", "X-User\r\n"},
           Row{"row 95: tab before the colon", "X-User\t: a\r\n"},
           Row{"NUL in a name", "X\0Y: a\r\n"sv},
           Row{"a name outside ASCII", "X\xC3\xA9: a\r\n"},
           Row{"row 96: CR and no LF at the end", "\rX"},
       }) {
    CAPTURE(row.what);
    CHECK(reason_of("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(row.fields) + "\r\n") == Reason::request_malformed);
  }
}

TEST_CASE("row 55: a control character is found wherever it stands in a value, a target or a reason") {
  for (std::size_t at = 0; at < 24; ++at) {
    for (const char control : {'\0', '\n', '\r', '\x1F', '\x7F'}) {
      std::string text(24, '\xFF');
      text[at] = control;
      CHECK(reason_of("GET / HTTP/1.1\r\nX: a" + text + "b\r\n\r\n") == Reason::request_malformed);
      CHECK(reason_of("GET /" + text + " HTTP/1.1\r\n\r\n") == Reason::request_malformed);
      CHECK(response_reason_of("HTTP/1.1 200 O" + text + "K\r\n\r\n") == Reason::upstream_malformed);
    }
    std::string text(24, 'a');
    text[at] = '\t';
    CHECK(reason_of("GET / HTTP/1.1\r\nX: a" + text + "b\r\n\r\n") == Reason::accepted);
    CHECK(reason_of("GET /" + text + " HTTP/1.1\r\n\r\n") == Reason::request_malformed);
  }
}

TEST_CASE("a head cut short anywhere is refused, and nothing is read behind its end") {
  const std::string text = "POST /a?b HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(40, 'v') + "\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size));  // for ASan
    CHECK(reason_of({exact.data(), exact.size()}) == Reason::request_malformed);
  }
  CHECK(reason_of(text) == Reason::accepted);
}

TEST_CASE("a malformed request line is refused") {
  for (const std::string_view line :
       {"GET /", "GET  HTTP/1.1", "GET / HTTP/0.9", "GET / HTTP/1.2", "GET / HTTP/2.0", "GET  / HTTP/1.1",
        "GET /  HTTP/1.1", "GET /a b HTTP/1.1", "G(T / HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1",
        " GET / HTTP/1.1", "GET / HTTP/01.1", " / HTTP/1.1", "GET / HTTP/1.1X: y"}) {
    CAPTURE(line);
    CHECK(reason_of(std::string(line) + "\r\nHost: a\r\n\r\n") == Reason::request_malformed);
  }
}

TEST_CASE("a head's size is told, whatever stands behind it") {
  for (const std::string_view behind : {"", "x", "\r\n", "GET / HTTP/1.1\r\n"}) {
    RequestHead request;
    CHECK(parse_request_head(std::string(plain).append(behind), {}, request).value() == plain.size());
    ResponseHead response;
    const std::string ok = "HTTP/1.1 200 OK\r\n\r\n";
    CHECK(parse_response_head(ok + std::string(behind), {}, response).value() == ok.size());
  }
}

TEST_CASE("a head passes at the limit of bytes and is refused one above it, with no look at what stands behind") {
  RequestHead head;
  CHECK(parse_request_head(plain, {.bytes = plain.size()}, head).value() == plain.size());
  CHECK_FALSE(parse_request_head(plain, {.bytes = plain.size() - 1}, head).has_value());
}

TEST_CASE("a head without its end is refused") {
  CHECK(reason_of(plain.substr(0, plain.size() - 2)) == Reason::request_malformed);
  CHECK(reason_of("") == Reason::request_malformed);
}

TEST_CASE("row 98: a hundred fields pass and one more is too many") {
  CHECK(reason_of(many_fields(100)) == Reason::accepted);
  CHECK(reason_of(many_fields(101)) == Reason::header_too_large);
}

TEST_CASE("a value far above any limit of the parser's own is carried or refused, and nothing is thrown") {
  const std::string huge = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'v') + "\r\n\r\n";
  CHECK(reason_of(huge) == Reason::accepted);
  CHECK(HeadScanner(16 * 1024).scan(huge) == State::too_large);
  const std::string folded =
      "GET / HTTP/1.1\r\nX: " + std::string(5000, 'v') + "\r\n " + std::string(5000, 'v') + "\r\n\r\n";
  CHECK(reason_of(folded) == Reason::request_malformed);
}

TEST_CASE("a transfer coding before chunked is left to the framing policy") {
  CHECK(reason_of("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n") == Reason::accepted);
}

TEST_CASE("a head parsed into a used one leaves nothing of the first") {
  RequestHead head;
  REQUIRE(parse_request_head("POST /first HTTP/1.0\r\nA: 1\r\nB: 2\r\n\r\n", {}, head).has_value());
  REQUIRE(parse_request_head(plain, {}, head).has_value());
  CHECK(head.method == Method::get);
  CHECK(head.minor_version == 1);
  CHECK(head.fields.size() == 1);
}

TEST_CASE("a response's parts are views of what was received") {
  const std::string text = "HTTP/1.1 404 Not Here\r\nDate: a\r\n\r\n";
  ResponseHead head;
  REQUIRE(parse_response_head(text, {}, head).has_value());
  CHECK(head.status == 404);
  CHECK(head.reason == "Not Here");
  CHECK(head.minor_version == 1);
  CHECK(head.fields.count(KnownField::date) == 1);
  REQUIRE(parse_response_head("HTTP/1.1 200\r\nX: a\r\n\r\n", {}, head).has_value());
  CHECK(head.status == 200);
  CHECK(head.reason.empty());
  CHECK(head.fields.size() == 1);
  REQUIRE(parse_response_head("HTTP/1.0 200 \r\n\r\n", {}, head).has_value());
  CHECK(head.reason.empty());
  CHECK(head.minor_version == 0);
}

TEST_CASE("every fault of a response is upstream_malformed") {
  for (const std::string_view head :
       {"HTTP/1.1 099 No\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 200\tOK\r\n\r\n",
        "HTTP/1.1 200\r\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 200 O\rK\r\n\r\n"}) {
    CAPTURE(head);
    CHECK(response_reason_of(head) == Reason::upstream_malformed);
  }
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 101; ++i) many += "X: y\r\n";
  CHECK(response_reason_of(many + "\r\n") == Reason::upstream_malformed);
}
