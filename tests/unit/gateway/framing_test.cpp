#include "gateway/http/framing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "head_text.hpp"

using namespace postern;
using namespace postern::http;

namespace {

// The gateway's verdict on a POST with these fields beside Host.
Reason verdict_on(std::string_view fields, std::string_view version = "HTTP/1.1") {
  return judge_bytes("POST /a " + std::string(version) + "\r\nHost: a\r\n" + std::string(fields) + "\r\n");
}

// The same by the framing policy alone, without the parser's own checks before it.
Reason policy_on(std::string_view fields) {
  RequestHead head;
  head.fields.add("Host", "a");
  for (std::size_t end; (end = fields.find("\r\n")) != fields.npos; fields.remove_prefix(end + 2)) {
    const std::string_view line = fields.substr(0, end);
    const std::size_t colon = line.find(':');
    head.fields.add(line.substr(0, colon), line.substr(std::min(colon + 2, line.size())));
  }
  const auto framing = judge_request(head);
  return framing ? Reason::accepted : framing.error().reason;
}

Framing framing_of(std::string_view fields, std::string_view request_line = "POST /a HTTP/1.1") {
  const RequestText request("Host: a\r\n" + std::string(fields), request_line);
  const auto framing = judge_request(request.head);
  REQUIRE(framing.has_value());
  Framing copy = *framing;
  copy.upgrade = {};  // points into the request
  return copy;
}

std::string upgrade_of(std::string_view fields, std::string_view request_line = "GET /a HTTP/1.1") {
  const RequestText request("Host: a\r\n" + std::string(fields), request_line);
  const auto framing = judge_request(request.head);
  REQUIRE(framing.has_value());
  return std::string(framing->upgrade);
}

struct Response {
  Reason reason = Reason::accepted;
  Framing framing;
};

Response response_to(Method method, std::string_view fields, std::string_view status_line = "HTTP/1.1 200 OK") {
  ResponseHead head;
  const std::string text = std::string(status_line) + "\r\n" + std::string(fields) + "\r\n";
  if (const auto parsed = parse_response_head(text, {}, head); !parsed) return {parsed.error().reason, {}};
  const auto framing = judge_response(head, method);
  if (!framing) return {framing.error().reason, {}};
  Framing copy = *framing;
  copy.upgrade = {};
  return {Reason::accepted, copy};
}

}  // namespace

TEST_CASE("what could be framed in two ways is refused") {
  struct Row {
    int row;
    std::string_view fields;
  };
  for (const Row& row : {
           Row{76, "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"},
           Row{76, "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"},
           Row{77, "Transfer-Encoding: identity\r\nContent-Length: 3\r\n"},
           Row{77, "Transfer-Encoding: identity\r\n"},
           Row{78, "Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n"},
           Row{78, "Transfer-Encoding: xchunked\r\n"},
           Row{79, "Transfer-Encoding: chunked, chunked\r\nContent-Length: 3\r\n"},
           Row{79, "Transfer-Encoding: chunked, chunked\r\n"},
           Row{80, "Transfer-Encoding: chunked, identity\r\n"},
           Row{80, "Transfer-Encoding: chunked, gzip\r\n"},
           Row{81, "Transfer-Encoding: ,chunked\r\n"},
           Row{81, "Transfer-Encoding: chunked,\r\n"},
           Row{82, "Transfer-Encoding: \"chunked\"\r\n"},
           Row{82,
               "Transfer-Encoding: \xa0"
               "chunked\r\n"},
           Row{82,
               "Transfer-Encoding: \x0b"
               "chunked\r\n"},
           Row{83, "Transfer-Encoding: chunked;p=1\r\n"},
           Row{86, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"},
           Row{86, "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"},
           Row{86, "Transfer-Encoding:\r\n"},
           Row{87, "Content-Length: 5\r\nContent-Length: 5\r\n"},
           Row{87, "Content-Length: 5\r\nContent-Length: 6\r\n"},
           Row{87, "Content-Length: 5, 5\r\n"},
           Row{87, "Content-Length: 5,\r\n"},
           Row{88, "Content-Length: +3\r\n"},
           Row{88, "Content-Length: -1\r\n"},
           Row{88, "Content-Length: 0x3\r\n"},
           Row{88, "Content-Length:\r\n"},
           Row{88, "Content-Length: 18446744073709551616\r\n"},
           Row{88, "Content-Length: 3 3\r\n"},
           Row{88, "Content_Length: 3\r\n"},
           Row{76, "Content-Length: 3\r\nTransfer_Encoding: chunked\r\n"},
           Row{77, "Transfer-Encoding: gzip\r\n"},
           Row{79, "Transfer-Encoding: chunked, gzip, chunked\r\n"},
           Row{85, "Transfer-Encoding: rot13, chunked\r\n"},
           Row{85, "Transfer-Encoding: gzip, chunked\r\nContent-Length: 3\r\n"},
       }) {
    CAPTURE(row.row);
    CAPTURE(row.fields);
    CHECK(verdict_on(row.fields) == Reason::request_malformed);
    CHECK(policy_on(row.fields) == Reason::request_malformed);
  }
}

TEST_CASE("row 84: Transfer-Encoding is refused in HTTP/1.0") {
  CHECK(verdict_on("Transfer-Encoding: chunked\r\n", "HTTP/1.0") == Reason::request_malformed);
  CHECK(verdict_on("Transfer-Encoding: gzip, chunked\r\n", "HTTP/1.0") == Reason::request_malformed);
}

TEST_CASE("row 85: a known coding before chunked is not implemented") {
  CHECK(verdict_on("Transfer-Encoding: gzip, chunked\r\n") == Reason::encoding_not_implemented);
  CHECK(verdict_on("Transfer-Encoding: Deflate , x-gzip,CHUNKED\r\n") == Reason::encoding_not_implemented);
}

TEST_CASE("row 48: Connection may not name what every hop needs") {
  for (const std::string name : {"Host", "content-length", "Transfer-Encoding", "AUTHORIZATION"}) {
    CAPTURE(name);
    CHECK(verdict_on("Connection: keep-alive, " + name + "\r\n") == Reason::request_malformed);
  }
  CHECK(verdict_on("Connection: X-A\r\nConnection: Host\r\n") == Reason::request_malformed);
  CHECK(verdict_on("Connection: X-User\r\n") == Reason::accepted);
}

TEST_CASE("Connection and Proxy-Connection are lists of tokens") {
  for (const std::string name : {"Connection", "Proxy-Connection"}) {
    for (const std::string value : {"close a", "\"close\"", "X-User\t@", "close;q=1", "a, b c", "caf\xC3\xA9"}) {
      CAPTURE(value);
      CHECK(policy_on(name + ": " + value + "\r\n") == Reason::request_malformed);
      CHECK(response_to(Method::get, name + ": " + value + "\r\n").reason == Reason::upstream_malformed);
    }
    for (const std::string value : {"", ",", "close", ", close ,, X-User\t, keep-alive"}) {
      CAPTURE(value);
      CHECK(policy_on(name + ": " + value + "\r\n") == Reason::accepted);
      CHECK(response_to(Method::get, name + ": " + value + "\r\n").reason == Reason::accepted);
    }
  }
}

TEST_CASE("Connection fields list sixteen options at most, all of them together") {
  const auto connection = [](std::size_t options) {
    std::string list = "Connection: keep-alive\r\nConnection: close";
    for (std::size_t i = 2; i < options; ++i) list += ",x" + std::to_string(i);
    return list + "\r\n";
  };
  CHECK(verdict_on(connection(max_connection_options)) == Reason::accepted);
  CHECK(verdict_on(connection(max_connection_options + 1)) == Reason::request_malformed);
  const std::string length = "Content-Length: 0\r\n";
  CHECK(response_to(Method::get, length + connection(max_connection_options)).reason == Reason::accepted);
  CHECK(response_to(Method::get, length + connection(max_connection_options + 1)).reason == Reason::upstream_malformed);
}

TEST_CASE("row 61: a known method in other letters is not implemented, another one is") {
  for (const std::string method : {"get", "Post", "DELETe", "trace", "connect"}) {
    CAPTURE(method);
    CHECK(judge_bytes(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n") == Reason::method_not_implemented);
  }
  for (const std::string method : {"PROPFIND", "purge", "GETS", "PATCH"}) {
    CAPTURE(method);
    CHECK(judge_bytes(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n") == Reason::accepted);
  }
}

TEST_CASE("row 61: TRACE is not allowed and CONNECT not implemented") {
  CHECK(judge_bytes("TRACE /a HTTP/1.1\r\nHost: a\r\n\r\n") == Reason::method_not_allowed);
  CHECK(judge_bytes("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n") == Reason::method_not_implemented);
}

TEST_CASE("row 74: HTTP/1.1 has exactly one Host, and it is an authority") {
  for (const std::string fields :
       {"", "Host: a\r\nHost: a\r\n", "Host: a@b\r\n", "Host: a b\r\n", "Host:\r\n", "Host: a/b\r\n", "Host: a,b\r\n",
        "Host: a:\r\n", "Host: a:65536\r\n", "Host: a:8x\r\n", "Host: [::1\r\n", "Host: [g::1]\r\n", "Host: %61\r\n"}) {
    CAPTURE(fields);
    CHECK(judge_bytes("GET / HTTP/1.1\r\n" + std::string(fields) + "\r\n") == Reason::request_malformed);
  }
  CHECK(judge_bytes("GET / HTTP/1.0\r\n\r\n") == Reason::accepted);
  CHECK(judge_bytes("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n") == Reason::request_malformed);
}

TEST_CASE("an Expect other than 100-continue fails") {
  CHECK(verdict_on("Expect: 200-ok\r\n") == Reason::expectation_failed);
  CHECK(verdict_on("Expect: 100-continue\r\nExpect: x\r\n") == Reason::expectation_failed);
  CHECK(verdict_on("Expect: 100-continue, x\r\n") == Reason::expectation_failed);
}

TEST_CASE("only an HTTP/1.1 client with a body waits for 100") {
  CHECK(framing_of("Expect: 100-Continue\r\nContent-Length: 1\r\n").expects_continue);
  CHECK(framing_of("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n").expects_continue);
  CHECK_FALSE(framing_of("Expect: 100-continue\r\n").expects_continue);
  CHECK_FALSE(framing_of("Expect: 100-continue\r\nContent-Length: 0\r\n").expects_continue);
  CHECK_FALSE(framing_of("Expect: 100-continue\r\nContent-Length: 1\r\n", "POST /a HTTP/1.0").expects_continue);
}

TEST_CASE("a request's body is what its one framing field says") {
  CHECK(framing_of("").kind == BodyKind::none);
  CHECK(framing_of("Content-Length: 0\r\n").kind == BodyKind::fixed);
  CHECK(framing_of("Content-Length: 010\r\n").length == 10);
  CHECK(framing_of("Content-Length: 18446744073709551615\r\n").length == 18446744073709551615u);
  CHECK(framing_of("Transfer-Encoding: Chunked\r\n").kind == BodyKind::chunked);
}

TEST_CASE("a connection is kept by its version and its Connection fields") {
  CHECK(framing_of("").keep_alive);
  CHECK_FALSE(framing_of("Connection: close\r\n").keep_alive);
  CHECK_FALSE(framing_of("Connection: keep-alive\r\nConnection: x, Close\r\n").keep_alive);
  CHECK_FALSE(framing_of("", "POST /a HTTP/1.0").keep_alive);
  CHECK(framing_of("Connection: Keep-Alive\r\n", "POST /a HTTP/1.0").keep_alive);
  CHECK_FALSE(framing_of("Connection: keep-alive, close\r\n", "POST /a HTTP/1.0").keep_alive);
}

TEST_CASE("an upgrade needs one Upgrade field that Connection names, HTTP/1.1 and no body") {
  CHECK(upgrade_of("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n") == "websocket");
  CHECK(upgrade_of("Upgrade: websocket\r\n").empty());
  CHECK(upgrade_of("Connection: upgrade\r\n").empty());
  CHECK(upgrade_of("Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: x\r\n").empty());
  CHECK(upgrade_of("Connection: upgrade\r\nUpgrade: websocket\r\n", "GET /a HTTP/1.0").empty());
  CHECK(upgrade_of("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n").empty());
  CHECK(upgrade_of("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n") == "websocket");
}

TEST_CASE("row 56: an upgrade to h2c is none") {
  CHECK(upgrade_of("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n").empty());
  CHECK(upgrade_of("Connection: Upgrade\r\nUpgrade: websocket, H2C\r\n").empty());
  CHECK(upgrade_of("Connection: Upgrade\r\nUpgrade: h2\r\n").empty());
}

TEST_CASE("row 100: a response that could be framed in two ways is refused") {
  for (const std::string fields :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3, 3\r\n", "Content-Length: x\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Content_Length: 3\r\n"}) {
    CAPTURE(fields);
    CHECK(response_to(Method::get, fields).reason == Reason::upstream_malformed);
    CHECK(response_to(Method::head, fields).reason == Reason::upstream_malformed);
  }
  CHECK(response_to(Method::get, "Transfer-Encoding: chunked\r\n", "HTTP/1.0 200 OK").reason ==
        Reason::upstream_malformed);
}

TEST_CASE("a response's body follows from status, request and framing fields") {
  CHECK(response_to(Method::get, "Content-Length: 3\r\n").framing.length == 3);
  CHECK(response_to(Method::get, "Transfer-Encoding: chunked\r\n").framing.kind == BodyKind::chunked);
  const Framing open = response_to(Method::get, "").framing;
  CHECK(open.kind == BodyKind::until_close);
  CHECK_FALSE(open.keep_alive);
  CHECK(response_to(Method::head, "Content-Length: 3\r\n").framing.kind == BodyKind::none);
  CHECK(response_to(Method::head, "Transfer-Encoding: chunked\r\n").framing.kind == BodyKind::none);
  CHECK(response_to(Method::head, "").framing.keep_alive);
  CHECK(response_to(Method::get, "Content-Length: 3\r\n", "HTTP/1.1 304 Not Modified").framing.kind == BodyKind::none);
  CHECK(response_to(Method::get, "Content-Length: 3\r\n", "HTTP/1.1 304 Not Modified").framing.keep_alive);
  CHECK(response_to(Method::get, "", "HTTP/1.1 101 Switching Protocols").framing.kind == BodyKind::none);
  CHECK(response_to(Method::get, "Content-Length: 3\r\n", "HTTP/1.1 205 Reset Content").framing.length == 3);
}

TEST_CASE("a 204 that announces a body ends its connection") {
  CHECK(response_to(Method::get, "", "HTTP/1.1 204 No Content").framing.keep_alive);
  CHECK(response_to(Method::get, "Content-Length: 0\r\n", "HTTP/1.1 204 No Content").framing.keep_alive);
  CHECK_FALSE(response_to(Method::get, "Content-Length: 3\r\n", "HTTP/1.1 204 No Content").framing.keep_alive);
  CHECK_FALSE(response_to(Method::get, "Transfer-Encoding: chunked\r\n", "HTTP/1.1 204 No Content").framing.keep_alive);
}

TEST_CASE("an upstream's connection is kept by its version and its Connection field") {
  CHECK(response_to(Method::get, "Content-Length: 0\r\n").framing.keep_alive);
  CHECK_FALSE(response_to(Method::get, "Content-Length: 0\r\nConnection: close\r\n").framing.keep_alive);
  CHECK_FALSE(response_to(Method::get, "Content-Length: 0\r\n", "HTTP/1.0 200 OK").framing.keep_alive);
  CHECK(response_to(Method::get, "Content-Length: 0\r\nConnection: keep-alive\r\n", "HTTP/1.0 200 OK")
            .framing.keep_alive);
}

TEST_CASE("a list is searched by whole elements") {
  CHECK(list_has("a, Keep-Alive ,b", "keep-alive"));
  CHECK(list_has(",,x", "X"));
  CHECK_FALSE(list_has("xkeep-alive", "keep-alive"));
  CHECK_FALSE(list_has("", "a"));
  CHECK_FALSE(list_has("a b", "a"));
}
