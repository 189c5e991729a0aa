#include "gateway/http/header_rules.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "head_text.hpp"
#include "written_head.hpp"

using namespace postern;
using namespace postern::http;

namespace {

// What the gateway adds to the way up, apart from the request; each test changes what it is about.
struct Upstream {
  HeaderNameSet injectable;
  std::vector<std::string_view> injected;
  HeaderEdits edits;
  ClientFacts client{"192.0.2.1", "http", 8080, false, false, "192.0.2.1"};
  std::string_view host;
  bool keep_method_override = false;
  std::string_view traceparent;
  std::size_t removed = 0;  // of the last head

  std::string head_for(std::string_view fields, std::string_view request_line = "GET /a?b HTTP/1.1",
                       std::string_view host_line = "Host: shop\r\n") {
    RequestText request(std::string(host_line) + std::string(fields), request_line);
    const auto framing = judge_request(request.head);
    REQUIRE(framing.has_value());
    std::pmr::monotonic_buffer_resource memory;
    REQUIRE(judge_target(request.head, memory).has_value());
    std::string out;
    removed = write_upstream_head({request.head, request.head.path, host, *framing, injectable, injected, edits, client,
                                   keep_method_override, traceparent},
                                  out);
    return out;
  }
};

void mark_removed(RequestHead& head, KnownField known) {
  for (Field& field : head.fields) field.removed |= field.known == known;
}

constexpr std::string_view valid_trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr std::string_view our_trace = "00-11111111111111111111111111111111-2222222222222222-00";

TEST_CASE("a body of a safe method goes on with Connection: close, and no other does") {
  const auto closes = [](const std::string& bytes) {
    RequestHead head;
    REQUIRE(parse_request_head(bytes, {}, head));
    const auto framing = judge_request(head);
    REQUIRE(framing);
    return closes_after(head.method, *framing);
  };
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    const std::string start = std::string(method) + " / HTTP/1.1\r\nHost: a\r\n";
    CHECK(closes(start + "Content-Length: 1\r\n\r\n"));
    CHECK(closes(start + "Transfer-Encoding: chunked\r\n\r\n"));
    CHECK_FALSE(closes(start + "Content-Length: 0\r\n\r\n"));
    CHECK_FALSE(closes(start + "\r\n"));
  }
  CHECK_FALSE(closes("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"));
}

}  // namespace

TEST_CASE("a request's head is made new: line, Host, the client's fields, ours, the injected last") {
  Upstream upstream;
  upstream.injected = {"X-User: alice\r\n"};
  upstream.injectable.add("X-User");
  upstream.traceparent = our_trace;
  CHECK(upstream.head_for("Accept: */*\r\nCookie: a=b\r\n") ==
        "GET /a?b HTTP/1.1\r\n"
        "Host: shop\r\n"
        "Accept: */*\r\n"
        "Cookie: a=b\r\n"
        "X-Forwarded-For: 192.0.2.1\r\n"
        "X-Forwarded-Proto: http\r\n"
        "X-Forwarded-Host: shop\r\n"
        "X-Forwarded-Port: 8080\r\n"
        "X-Real-IP: 192.0.2.1\r\n"
        "traceparent: 00-11111111111111111111111111111111-2222222222222222-00\r\n"
        "X-User: alice\r\n"
        "\r\n");
}

TEST_CASE("rows 44, 45 and 50: no spelling of an injectable name passes, and exactly ours arrives") {
  Upstream upstream;
  upstream.injectable.add("X-User");
  upstream.injectable.add("X_Roles");
  upstream.injected = {"X-User: alice\r\n"};
  const std::string head = upstream.head_for(
      "X-User: root\r\nx-user: root\r\nX_USER: root\r\nX-Roles: admin\r\nx_roles: admin\r\nX-Users: kept\r\n");
  CHECK(upstream.removed == 5);
  CHECK(count_of(head, "X-User") == 1);
  CHECK(count_of(head, "X-Roles") == 0);
  CHECK(head.find("root") == std::string::npos);
  CHECK(has_line(head, "X-User: alice"));
  CHECK(has_line(head, "X-Users: kept"));
}

TEST_CASE("row 45: a public route injects nothing and strips all the same") {
  Upstream upstream;
  upstream.injectable.add("X-User");
  CHECK(count_of(upstream.head_for("X-USER: root\r\n"), "X-User") == 0);
  CHECK(upstream.removed == 1);
  upstream.injectable.add("X-Real-IP");  // which the gateway writes where no filter may
  CHECK(count_of(upstream.head_for(""), "X-Real-IP") == 0);
}

TEST_CASE("row 45: a thousand fields before it hide no forged one") {
  RequestHead request;
  for (int i = 0; i < 1000; ++i) request.fields.add("X-Filler", "v");
  request.fields.add("X_User", "root");
  HeaderNameSet injectable;
  injectable.add("X-User");
  std::string out;
  CHECK(write_upstream_head({request, "/", "a", {}, injectable, {}, {}, {}, false, {}}, out) == 1);
  CHECK(out.find("root") == std::string::npos);
}

TEST_CASE("row 47: Connection takes fields away before injection, never injected ones") {
  Upstream upstream;
  upstream.injectable.add("X-User");
  upstream.injected = {"X-User: alice\r\n"};
  const std::string head = upstream.head_for("Connection: X-User, X-Hop\r\nX-Hop: 1\r\nX-Other: 2\r\n");
  CHECK(has_line(head, "X-User: alice"));
  CHECK(count_of(head, "X-Hop") == 0);
  CHECK(has_line(head, "X-Other: 2"));
  CHECK(count_of(head, "Connection") == 0);
}

TEST_CASE("hop-by-hop fields stay behind") {
  Upstream upstream;
  const std::string head = upstream.head_for(
      "Connection: keep-alive\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authenticate: x\r\n"
      "Proxy-Authorization: x\r\nTE: trailers\r\nTrailer: x\r\nUpgrade: x\r\nProxy_Authorization: x\r\n");
  CHECK(head.find(": x\r\n") == std::string::npos);
  CHECK(head.find(": 5\r\n") == std::string::npos);
  CHECK(count_of(head, "TE") == 0);
  CHECK(count_of(head, "Connection") == 0);
}

TEST_CASE("row 52: nobody but a trusted proxy says where a request came from") {
  Upstream upstream;
  const std::string head = upstream.head_for(
      "X-Forwarded-For: 10.0.0.1\r\nX_Forwarded_For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
      "X-Forwarded-Port: 443\r\nX-Real-IP: 10.0.0.1\r\nX_Real_IP: 10.0.0.1\r\nX-Forwarded-Prefix: /evil\r\n"
      "x_forwarded_server: evil\r\nForwarded: for=10.0.0.1\r\nX-Original-URL: /evil\r\nX_Original_URL: /evil\r\n"
      "X-Rewrite-URL: /evil\r\n");
  CHECK(head.find("10.0.0.1") == std::string::npos);
  CHECK(head.find("evil") == std::string::npos);
  CHECK(count_of(head, "X-Forwarded-For") == 1);
  CHECK(has_line(head, "X-Forwarded-Proto: http"));
  CHECK(has_line(head, "X-Forwarded-Host: shop"));
  CHECK(has_line(head, "X-Forwarded-Port: 8080"));
  CHECK(has_line(head, "X-Real-IP: 192.0.2.1"));
  CHECK(count_of(head, "Forwarded") == 0);
}

TEST_CASE("row 52: a trusted proxy's word is appended to or kept, but for the path it rewrites") {
  Upstream upstream;
  upstream.client.trusted = true;
  upstream.client.real_ip = "10.0.0.2";
  const std::string head = upstream.head_for(
      "X-Forwarded-For:\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\nX_Forwarded_For: 10.6.6.6\r\n"
      "X-Forwarded-Proto: https\r\n"
      "X-Forwarded-Prefix: /app\r\nX-Real-IP: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\nX-Original-URL: /evil\r\n");
  CHECK(has_line(head, "X-Forwarded-For: 10.0.0.1, 10.0.0.2, 192.0.2.1"));
  CHECK(head.find("10.6.6.6") == std::string::npos);
  CHECK(has_line(head, "X-Forwarded-Proto: https"));
  CHECK(count_of(head, "X-Forwarded-Proto") == 1);
  CHECK(has_line(head, "X-Forwarded-Host: shop"));
  CHECK(has_line(head, "X-Forwarded-Prefix: /app"));
  CHECK(has_line(head, "X-Real-IP: 10.0.0.2"));
  CHECK(count_of(head, "X-Real-IP") == 1);
  CHECK(has_line(head, "Forwarded: for=10.0.0.1"));
  CHECK(count_of(head, "X-Original-URL") == 0);
}

TEST_CASE("behind a trusted proxy too, only the dashed spelling counts, and no removed or hop-by-hop field") {
  Upstream upstream;
  upstream.client.trusted = true;
  const std::string head = upstream.head_for(
      "X_Forwarded_Proto: evil\r\nX_Real_IP: evil\r\nConnection: X-Forwarded-For, X-Forwarded-Host\r\n"
      "X-Forwarded-For: evil\r\nX-Forwarded-Host: evil\r\n");
  CHECK(head.find("evil") == std::string::npos);
  CHECK(has_line(head, "X-Forwarded-For: 192.0.2.1"));
  CHECK(has_line(head, "X-Forwarded-Host: shop"));
  CHECK(has_line(head, "X-Real-IP: 192.0.2.1"));
  RequestText request("Host: a\r\nX-Forwarded-For: 10.0.0.1\r\n");
  mark_removed(request.head, KnownField::x_forwarded_for);
  std::string out;
  write_upstream_head({request.head, "/", "", {}, {}, {}, {}, upstream.client, false, {}}, out);
  CHECK(has_line(out, "X-Forwarded-For: 192.0.2.1"));
}

TEST_CASE("Forwarded quotes what is no token") {
  Upstream upstream;
  upstream.client.send_forwarded = true;
  CHECK(has_line(upstream.head_for("Forwarded: for=evil\r\n"), "Forwarded: for=192.0.2.1;host=shop;proto=http"));
  upstream.client = {"2001:db8::1", "https", 8443, true, true, "2001:db8::1"};
  const std::string head = upstream.head_for("Forwarded: for=10.0.0.1\r\n", "GET / HTTP/1.1", "Host: shop:8443\r\n");
  CHECK(has_line(head, "Forwarded: for=10.0.0.1, for=\"[2001:db8::1]\";host=\"shop:8443\";proto=https"));
  CHECK(count_of(head, "Forwarded") == 1);
  CHECK(has_line(head, "X-Forwarded-For: 2001:db8::1"));
}

TEST_CASE("row 53: a method override is stripped unless the route keeps it") {
  constexpr std::string_view fields =
      "X-HTTP-Method-Override: DELETE\r\nX_HTTP_Method_Override: DELETE\r\nX-HTTP-Method: DELETE\r\n"
      "X-Method-Override: DELETE\r\n";
  Upstream upstream;
  CHECK(upstream.head_for(fields).find("DELETE") == std::string::npos);
  upstream.keep_method_override = true;
  const std::string head = upstream.head_for(fields);
  CHECK(has_line(head, "X-HTTP-Method-Override: DELETE"));
  CHECK(head.starts_with("GET "));
}

TEST_CASE("row 54: Proxy is stripped") {
  Upstream upstream;
  CHECK(count_of(upstream.head_for("Proxy: http://evil\r\nproxy: x\r\n"), "Proxy") == 0);
}

TEST_CASE("row 56: nothing of an upgrade to h2c is forwarded") {
  Upstream upstream;
  for (const std::string_view connection : {"Upgrade, HTTP2-Settings", "Upgrade"}) {
    const std::string head = upstream.head_for("Connection: " + std::string(connection) +
                                               "\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n");
    CHECK(count_of(head, "Upgrade") == 0);
    CHECK(count_of(head, "Connection") == 0);
    CHECK(count_of(head, "HTTP2-Settings") == 0);
  }
}

TEST_CASE("a WebSocket upgrade goes on with its fields") {
  Upstream upstream;
  const std::string head = upstream.head_for(
      "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Protocol: chat\r\n");
  CHECK(has_line(head, "Connection: upgrade"));
  CHECK(has_line(head, "Upgrade: websocket"));
  CHECK(count_of(head, "Upgrade") == 1);
  CHECK(has_line(head, "Sec-WebSocket-Key: k"));
  CHECK(has_line(head, "Sec-WebSocket-Protocol: chat"));
}

TEST_CASE("a body's framing is written anew, and none is invented") {
  Upstream upstream;
  CHECK(has_line(upstream.head_for("Content-Length: 010\r\n", "POST / HTTP/1.1"), "Content-Length: 10"));
  CHECK(count_of(upstream.head_for("Content-Length: 010\r\n", "POST / HTTP/1.1"), "Content-Length") == 1);
  CHECK(has_line(upstream.head_for("Content-Length: 0\r\n", "POST / HTTP/1.1"), "Content-Length: 0"));
  CHECK(has_line(upstream.head_for("Content-Length: 1\r\n", "GET / HTTP/1.1"), "Connection: close"));
  const std::string none = upstream.head_for("", "POST / HTTP/1.1");
  CHECK(count_of(none, "Content-Length") + count_of(none, "Transfer-Encoding") == 0);
  const std::string chunked = upstream.head_for("Transfer-Encoding: CHUNKED\r\n", "POST / HTTP/1.1");
  CHECK(has_line(chunked, "Transfer-Encoding: chunked"));
  CHECK(count_of(chunked, "Transfer-Encoding") == 1);
}

TEST_CASE("Expect is never forwarded") {
  Upstream upstream;
  const std::string head = upstream.head_for("Expect: 100-continue\r\nContent-Length: 1\r\n", "PUT / HTTP/1.1");
  CHECK(count_of(head, "Expect") == 0);
}

TEST_CASE("Host goes on unchanged, or as the upstream's own") {
  Upstream upstream;
  CHECK(has_line(upstream.head_for("", "GET / HTTP/1.1", "hOST: Shop:80\r\n"), "Host: Shop:80"));
  CHECK(has_line(upstream.head_for("", "GET / HTTP/1.0", ""), "Host: "));
  upstream.host = "internal";
  const std::string head = upstream.head_for("");
  CHECK(has_line(head, "Host: internal"));
  CHECK(has_line(head, "X-Forwarded-Host: shop"));
  CHECK(count_of(head, "Host") == 1);
}

TEST_CASE("fields that a filter removed are not forwarded") {
  RequestText request("Host: a\r\nAuthorization: Bearer t\r\nX-A: 1\r\n");
  mark_removed(request.head, KnownField::authorization);
  std::string out;
  write_upstream_head({request.head, "/", "", {}, {}, {}, {}, {}, false, {}}, out);
  CHECK(count_of(out, "Authorization") == 0);
  CHECK(has_line(out, "X-A: 1"));
}

TEST_CASE("a valid traceparent is continued, any other is replaced and its tracestate dropped") {
  Upstream upstream;
  upstream.traceparent = our_trace;
  const std::string ours = "traceparent: " + std::string(our_trace);
  const std::string theirs = "traceparent: " + std::string(valid_trace);
  const std::string kept = upstream.head_for(theirs + "\r\ntracestate: a=b\r\n");
  CHECK(has_line(kept, theirs));
  CHECK(has_line(kept, "tracestate: a=b"));
  CHECK_FALSE(has_line(kept, ours));
  for (const std::string& bad : {std::string("traceparent: x\r\n"), theirs + "\r\n" + theirs + "\r\n"}) {
    const std::string head = upstream.head_for(bad + "tracestate: a=b\r\n");
    CHECK(has_line(head, ours));
    CHECK(count_of(head, "traceparent") == 1);
    CHECK(count_of(head, "tracestate") == 0);
  }
}

TEST_CASE("a route's edits remove, set and add, on the client's fields and on the gateway's own") {
  Upstream upstream;
  upstream.edits.remove = {"user-agent", "X-Real-IP"};
  upstream.edits.set = {{"X-Env", "prod"}, {"X-Forwarded-Proto", "https"}};
  upstream.edits.add = {{"X-Tag", "b"}};
  upstream.injected = {"X-User: alice\r\n"};
  const std::string head = upstream.head_for("User-Agent: c\r\nX-Env: dev\r\nx-env: dev\r\nX-Tag: a\r\n");
  CHECK(count_of(head, "User-Agent") == 0);
  CHECK(count_of(head, "X-Real-IP") == 0);
  CHECK(count_of(head, "X-Env") == 1);
  CHECK(has_line(head, "X-Env: prod"));
  CHECK(count_of(head, "X-Forwarded-Proto") == 1);
  CHECK(has_line(head, "X-Forwarded-Proto: https"));
  CHECK(has_line(head, "X-Tag: a"));
  CHECK(head.ends_with("\r\nX-Tag: b\r\nX-User: alice\r\n\r\n"));
}

TEST_CASE("a route's edits speak for every spelling that an upstream could take for the name") {
  Upstream upstream;
  upstream.edits.remove = {"X-Debug"};
  upstream.edits.set = {{"X-Tenant", "shop"}};
  const std::string head = upstream.head_for("X_Tenant: evil\r\nx.debug: evil\r\nX_Debug: evil\r\nX-Tenants: 2\r\n");
  CHECK(head.find("evil") == head.npos);
  CHECK(head.find("X-Tenant: shop\r\n") != head.npos);
  CHECK(head.find("X-Tenants: 2\r\n") != head.npos);
}

TEST_CASE("a route's edits touch neither framing nor what a filter injects") {
  Upstream upstream;
  upstream.injectable.add("X-User");
  upstream.injected = {"X-User: alice\r\n"};
  upstream.edits.remove = {"Host", "Content-Length", "X-User"};
  upstream.edits.set = {
      {"Host", "evil"}, {"Content-Length", "9"}, {"Transfer-Encoding", "chunked"}, {"x-user", "root"}};
  upstream.edits.add = {{"Connection", "close"}, {"X-User", "root"}, {"Expect", "100-continue"}};
  const std::string head = upstream.head_for("Content-Length: 1\r\n", "POST / HTTP/1.1");
  CHECK(has_line(head, "Host: shop"));
  CHECK(count_of(head, "Host") == 1);
  CHECK(has_line(head, "Content-Length: 1"));
  CHECK(count_of(head, "Content-Length") == 1);
  CHECK(count_of(head, "Transfer-Encoding") + count_of(head, "Connection") + count_of(head, "Expect") == 0);
  CHECK(count_of(head, "X-User") == 1);
  CHECK(has_line(head, "X-User: alice"));
}
