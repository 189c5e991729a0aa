// postern's parser and framing policy beside Boost.Beast's parser: ours may be stricter, in ways that have a name here,
// and accepts one thing more.
#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>
#include <string>
#include <string_view>

#include "beast_head.hpp"
#include "gateway/http/framing.hpp"
#include "gateway/http/parse.hpp"

using namespace postern;
using namespace postern::http;
using namespace std::string_literals;

namespace {

// What Beast accepts and postern does not: the words of the refusal, and a head that earns them.
struct Stricter {
  std::string_view refusal;
  std::string head;
};

const std::string request_line = "GET / HTTP/1.1\r\n";
const std::string host = "Host: a\r\n";

std::string get(std::string_view lines) {
  return request_line + std::string(lines) + "\r\n";
}

std::string fields(std::size_t count) {
  std::string lines;
  for (std::size_t i = 0; i < count; ++i) lines += "X: y\r\n";
  return lines;
}

const std::vector<Stricter> stricter_requests = {
    {"obsolete line folding", get(host + "X: a\r\n b\r\n")},
    {"too many fields", get(host + fields(100))},
    {"bytes behind the head", get(host) + "x"},
    {"a framing field in another spelling", get(host + "Content_Length: 1\r\n")},
    {"Connection names a field that is not hop-by-hop", get(host + "Connection: Host\r\n")},
    {"more than one Content-Length or Transfer-Encoding", get(host + "Content-Length: 1\r\nContent-Length: 1\r\n")},
    {"Transfer-Encoding in HTTP/1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"Transfer-Encoding is not `chunked`", get(host + "Transfer-Encoding: identity\r\n")},
    {"a transfer coding before chunked", get(host + "Transfer-Encoding: gzip, chunked\r\n")},
    {"Content-Length is not a number of bytes", get(host + "Content-Length: 1, 1\r\n")},
    {"Host more than once", get(host + host)},
    {"Host is missing", get("")},
    {"Host is not an authority", get("Host: a@b\r\n")},
    {"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"CONNECT", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"another Expect", get(host + "Expect: payment\r\n")},
};

const std::string status_line = "HTTP/1.1 200 OK\r\n";

std::string ok(std::string_view lines) {
  return status_line + std::string(lines) + "\r\n";
}

const std::vector<Stricter> stricter_responses = {
    {"bad status", "HTTP/1.1 099 No\r\n\r\n"},
    {"obsolete line folding", ok("X: a\r\n\tb\r\n")},
    {"too many fields", ok(fields(101))},
    {"bytes behind the head", ok("") + "x"},
    {"a framing field in another spelling", ok("Transfer_Encoding: chunked\r\n")},
    {"Connection names a field that is not hop-by-hop", ok("Connection: content-length\r\n")},
    {"more than one Content-Length or Transfer-Encoding", ok("Content-Length: 1\r\nContent-Length: 1\r\n")},
    {"Transfer-Encoding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"Transfer-Encoding is not `chunked`", ok("Transfer-Encoding: xchunked\r\n")},
    {"Content-Length is not a number of bytes", ok("Content-Length: 1, 1\r\n")},
};

bool is_named(const std::vector<Stricter>& stricter, std::string_view refusal) {
  return std::any_of(stricter.begin(), stricter.end(), [&](const Stricter& row) { return row.refusal == refusal; });
}

// The refusal in words; empty: accepted.
std::string refusal_of(std::string_view bytes, RequestHead& head) {
  const auto parsed = parse_request_head(bytes, {}, head);
  if (!parsed) return parsed.error().detail;
  if (*parsed != bytes.size()) return "bytes behind the head";
  const auto framing = judge_request(head);
  if (!framing) return framing.error().detail;
  const auto refused = judge_method(head);
  return refused ? refused->detail : ""s;
}
std::string refusal_of(std::string_view bytes, ResponseHead& head) {
  const auto parsed = parse_response_head(bytes, {}, head);
  if (!parsed) return parsed.error().detail;
  if (*parsed != bytes.size()) return "bytes behind the head";
  const auto framing = judge_response(head, Method::get);
  return framing ? ""s : framing.error().detail;
}

// The one thing that only postern accepts: a status line that ends behind its code.
std::string with_space_behind_status(std::string bytes) {
  constexpr std::size_t behind_code = 12;
  if (bytes.starts_with("HTTP/1.") && bytes.substr(behind_code, 2) == "\r\n") bytes.insert(behind_code, 1, ' ');
  return bytes;
}

template <bool is_request>
void check_same_fields(const Fields& ours, const BeastHead<is_request>& beast) {
  REQUIRE(ours.size() == beast.fields.size());
  auto expected = beast.fields.begin();
  for (const Field& field : ours) {
    CHECK(field.name == expected->first);
    CHECK(field.value == expected->second);
    CHECK(field.known == known_field(field.name));
    ++expected;
  }
}

void check_same(const RequestHead& ours, const BeastHead<true>& beast) {
  CHECK(ours.method_name == beast.method);
  CHECK(ours.target == beast.target);
  CHECK(ours.minor_version == beast.version - 10);
  check_same_fields(ours.fields, beast);
}
void check_same(const ResponseHead& ours, const BeastHead<false>& beast) {
  CHECK(ours.status == beast.status);
  CHECK(ours.reason == beast.reason);
  CHECK(ours.minor_version == beast.version - 10);
  check_same_fields(ours.fields, beast);
}

// How often which verdicts met.
struct Meetings {
  unsigned both = 0, neither = 0, only_beast = 0;
};

template <bool is_request, class Head>
void compare(const std::string& bytes, const std::vector<Stricter>& stricter, Meetings& meetings) {
  CAPTURE(bytes);
  const BeastHead<is_request> beast(is_request ? bytes : with_space_behind_status(bytes));
  Head head;
  const std::string refusal = refusal_of(bytes, head);
  if (refusal.empty()) {
    REQUIRE(beast.accepted);
    check_same(head, beast);
    ++meetings.both;
  } else if (beast.accepted) {
    CAPTURE(refusal);
    CHECK(is_named(stricter, refusal));
    ++meetings.only_beast;
  } else {
    ++meetings.neither;
  }
}

// Heads that are nearly right, the same in each run: lines drawn from lists, then a few bytes changed.
class HeadMaker {
 public:
  explicit HeadMaker(unsigned seed) : random_(seed) {}

  template <std::size_t size>
  std::string make(const std::array<std::string_view, size>& first_lines) {
    std::string head = std::string(pick(first_lines)) + "\r\n";
    if (below(8) != 0) head += "Host: a\r\n";
    for (std::size_t lines = below(5); lines > 0; --lines) {
      head.append(pick(names)).append(pick(colons)).append(pick(values)).append(pick(line_ends));
    }
    head += "\r\n";
    for (std::size_t changes = below(3); changes > 0; --changes) change(head);
    return head;
  }

 private:
  static constexpr std::array<std::string_view, 16> names = {"Accept",
                                                             "X",
                                                             "x-user",
                                                             "Connection",
                                                             "connection",
                                                             "Proxy-Connection",
                                                             "Upgrade",
                                                             "Expect",
                                                             "Content-Length",
                                                             "Content_Length",
                                                             "Transfer-Encoding",
                                                             "transfer-encoding",
                                                             "Trailer!",
                                                             "Host",
                                                             "x#very$odd.name~",
                                                             "A-name-that-is-longer-than-thirty-two-bytes"};
  static constexpr std::array<std::string_view, 8> colons = {":", ": ", ": ", ": ", ":  ", ":\t", ": \t ", " : "};
  static constexpr std::array<std::string_view, 27> values = {"",
                                                              "a",
                                                              "a b",
                                                              "a\tb ",
                                                              "\xC3\xA9t\xC3\xA9",
                                                              "close",
                                                              "keep-alive, X-User",
                                                              "close,, upgrade",
                                                              ", ,",
                                                              "a b, c",
                                                              "\"close\"",
                                                              "Host",
                                                              "upgrade",
                                                              "websocket",
                                                              "chunked",
                                                              "Chunked",
                                                              "gzip, chunked",
                                                              "identity",
                                                              "0",
                                                              "7",
                                                              "010",
                                                              "7, 7",
                                                              "18446744073709551615",
                                                              "18446744073709551616",
                                                              "100-continue",
                                                              "exactly8exactly8\x7F",
                                                              "a value of some forty bytes, and a bit more"};
  static constexpr std::array<std::string_view, 8> line_ends = {"\r\n", "\r\n", "\r\n",  "\r\n",
                                                                "\r\n", "\r\n", "\r\n ", "\n"};
  static constexpr std::string_view odd_bytes{"\0\t\n\r\x1F :,;\"_-aZ019\x7F\x80\xFF", 20};

  std::size_t below(std::size_t bound) { return random_() % bound; }
  template <std::size_t size>
  std::string_view pick(const std::array<std::string_view, size>& list) {
    return list[below(size)];
  }

  void change(std::string& head) {
    const std::size_t at = below(head.size());
    const char odd = odd_bytes[below(odd_bytes.size())];
    switch (below(4)) {
      case 0:
        head[at] = odd;
        break;
      case 1:
        head.insert(at, 1, odd);
        break;
      case 2:
        head.erase(at, 1 + below(2));
        break;
      default:
        head.insert(at, head.substr(at, 1 + below(12)));
        break;
    }
    if (head.empty()) head = "\r\n";
  }

  std::mt19937 random_;  // its numbers are fixed by the standard
};

constexpr std::array<std::string_view, 12> request_lines = {"GET / HTTP/1.1",       "GET / HTTP/1.1",
                                                            "POST /a?b=c HTTP/1.1", "HEAD http://a/%7Ea HTTP/1.0",
                                                            "PURGE * HTTP/1.1",     "OPTIONS /\xC3\xA9 HTTP/1.1",
                                                            "TRACE / HTTP/1.1",     "CONNECT a:443 HTTP/1.1",
                                                            "GET /a b HTTP/1.1",    "GET / HTTP/1.2",
                                                            "GET / HTTP/2.0",       "G@T / HTTP/1.1"};
constexpr std::array<std::string_view, 10> status_lines = {
    "HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.0 404 Not Found", "HTTP/1.1 204 ",     "HTTP/1.1 304",
    "HTTP/1.1 999 \t", "HTTP/1.1 100 Go", "HTTP/1.1 099 No",        "HTTP/1.2 200 Okay", "HTTP/1.1 500 \xC3\xA9"};

constexpr unsigned rounds = 10'000;

}  // namespace

TEST_CASE("what postern accepts of generated requests, Beast's parser reads the same way") {
  Meetings meetings;
  HeadMaker maker(1);
  for (unsigned i = 0; i < rounds; ++i)
    compare<true, RequestHead>(maker.make(request_lines), stricter_requests, meetings);
  CHECK(meetings.both > rounds / 20);
  CHECK(meetings.neither > rounds / 20);
  CHECK(meetings.only_beast > rounds / 20);
}

TEST_CASE("what postern accepts of generated responses, Beast's parser reads the same way") {
  Meetings meetings;
  HeadMaker maker(2);
  for (unsigned i = 0; i < rounds; ++i) {
    compare<false, ResponseHead>(maker.make(status_lines), stricter_responses, meetings);
  }
  CHECK(meetings.both > rounds / 20);
  CHECK(meetings.neither > rounds / 20);
  CHECK(meetings.only_beast > rounds / 20);
}

TEST_CASE("each way of being stricter than Beast's parser is real") {
  for (const Stricter& row : stricter_requests) {
    CAPTURE(row.head);
    RequestHead head;
    CHECK(refusal_of(row.head, head) == row.refusal);
    CHECK(BeastHead<true>(row.head).accepted);
  }
  for (const Stricter& row : stricter_responses) {
    CAPTURE(row.head);
    ResponseHead head;
    CHECK(refusal_of(row.head, head) == row.refusal);
    CHECK(BeastHead<false>(row.head).accepted);
  }
}

TEST_CASE("a status line that ends behind its code is all that Beast's parser would not take") {
  const std::string bytes = "HTTP/1.1 200\r\nX: a\r\n\r\n";
  ResponseHead head;
  CHECK(refusal_of(bytes, head) == "");
  CHECK(head.status == 200);
  CHECK(head.reason.empty());
  CHECK(head.fields.size() == 1);
  CHECK_FALSE(BeastHead<false>(bytes).accepted);
}
