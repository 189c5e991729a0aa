#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "gateway/http/header_rules.hpp"
#include "head_text.hpp"
#include "written_head.hpp"

using namespace postern;
using namespace postern::http;

namespace {

std::string response_head(std::string_view fields, std::string_view status_line = "HTTP/1.1 200 OK",
                          const HeaderEdits& edits = {}, Method method = Method::get, std::uint8_t client_minor = 1,
                          bool keep_alive = true) {
  const ResponseText response(fields, status_line);
  const auto framing = judge_response(response.head, method);
  REQUIRE(framing.has_value());
  std::string out;
  write_downstream_head({response.head, *framing, client_minor, keep_alive, method == Method::head, edits}, "today",
                        out);
  return out;
}

}  // namespace

TEST_CASE("a response's head goes down with its framing written anew and a Date") {
  CHECK(response_head("Server: s\r\nContent-Length: 010\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n",
                      "HTTP/1.0 404 Gone Away") ==
        "HTTP/1.1 404 Gone Away\r\nServer: s\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 10\r\nDate: "
        "today\r\n\r\n");
  const std::string dated = response_head("Date: then\r\nContent-Length: 0\r\n");
  CHECK(has_line(dated, "Date: then"));
  CHECK(count_of(dated, "Date") == 1);
  const HeaderEdits without_date{.remove = {"date"}, .set = {}, .add = {}};
  CHECK(count_of(response_head("Content-Length: 0\r\n", "HTTP/1.1 200 OK", without_date), "Date") == 0);
}

TEST_CASE("a route's edits of a response speak for one spelling alone") {
  const HeaderEdits edits{.remove = {"X-Debug"}, .set = {{"X-Env", "prod"}}, .add = {}};
  const std::string head =
      response_head("x-debug: a\r\nX_Debug: b\r\nX_Env: c\r\nContent-Length: 0\r\n", "HTTP/1.1 200 OK", edits);
  CHECK_FALSE(has_line(head, "x-debug: a"));
  CHECK(has_line(head, "X_Debug: b"));
  CHECK(has_line(head, "X_Env: c"));
}

TEST_CASE("a response's hop-by-hop fields stay behind") {
  const std::string head = response_head(
      "Connection: X-Hop, keep-alive\r\nX-Hop: x\r\nKeep-Alive: x\r\nProxy-Authenticate: x\r\nTrailer: x\r\nUpgrade: "
      "x\r\n"
      "Transfer-Encoding: chunked\r\nWWW-Authenticate: y\r\n");
  CHECK(head.find(": x\r\n") == std::string::npos);
  CHECK(has_line(head, "Transfer-Encoding: chunked"));
  CHECK(has_line(head, "WWW-Authenticate: y"));
  CHECK(count_of(head, "Connection") == 0);
}

TEST_CASE("a response's fields that a filter removed stay behind") {
  ResponseText response("Access-Control-Allow-Origin: *\r\nServer: s\r\n");
  for (Field& field : response.head.fields) field.removed = field.name == "Access-Control-Allow-Origin";
  std::string out;
  const HeaderEdits no_edits;
  write_downstream_head({.response = response.head, .framing = {}, .edits = no_edits}, "today", out);
  CHECK(count_of(out, "Access-Control-Allow-Origin") == 0);
  CHECK(has_line(out, "Server: s"));
}

TEST_CASE("the client's connection is told to close or, in HTTP/1.0, to stay") {
  CHECK(has_line(response_head("Content-Length: 0\r\n", "HTTP/1.1 200 OK", {}, Method::get, 1, false),
                 "Connection: close"));
  CHECK(has_line(response_head(""), "Connection: close"));  // a body that ends by close
  CHECK(has_line(response_head("Content-Length: 0\r\n", "HTTP/1.1 200 OK", {}, Method::get, 0),
                 "Connection: keep-alive"));
  CHECK(count_of(response_head("Content-Length: 0\r\n"), "Connection") == 0);
}

TEST_CASE("the Content-Length of a reply without a body stays for HEAD and 304 alone") {
  CHECK(has_line(response_head("Content-Length: 07\r\n", "HTTP/1.1 200 OK", {}, Method::head), "Content-Length: 7"));
  CHECK(has_line(response_head("Content-Length: 7\r\n", "HTTP/1.1 304 Not Modified"), "Content-Length: 7"));
  CHECK(count_of(response_head("Content-Length: 7\r\n", "HTTP/1.1 204 No Content"), "Content-Length") == 0);
  CHECK(count_of(response_head("Content-Length: 7\r\n", "HTTP/1.1 204 No Content", {}, Method::head),
                 "Content-Length") == 0);
  CHECK(count_of(response_head("", "HTTP/1.1 304 Not Modified"), "Content-Length") == 0);
}

TEST_CASE("a 101 keeps its upgrade, and informational heads get nothing added") {
  HeaderEdits edits;
  edits.set = {{"X-Env", "prod"}};
  CHECK(response_head("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: k\r\n",
                      "HTTP/1.1 101 Switching Protocols", edits, Method::get, 1, false) ==
        "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: k\r\nConnection: upgrade\r\nUpgrade: "
        "websocket\r\n\r\n");
  CHECK(response_head("Link: x\r\n", "HTTP/1.1 103 Early Hints", edits) ==
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  CHECK(has_line(response_head("Upgrade: TLS/1.3\r\nContent-Length: 0\r\n", "HTTP/1.1 426 Upgrade Required"),
                 "Upgrade: TLS/1.3"));
}

TEST_CASE("a route's edits apply to responses, but for framing") {
  HeaderEdits edits;
  edits.remove = {"server", "Content-Length"};
  edits.set = {{"Cache-Control", "no-store"}, {"Connection", "x"}, {"Content-Length", "9"}};
  edits.add = {{"Vary", "Origin"}};
  const std::string head = response_head("Server: s\r\nCache-Control: public\r\nVary: Accept\r\nContent-Length: 1\r\n",
                                         "HTTP/1.1 200 OK", edits);
  CHECK(count_of(head, "Server") == 0);
  CHECK(count_of(head, "Cache-Control") == 1);
  CHECK(has_line(head, "Cache-Control: no-store"));
  CHECK(count_of(head, "Vary") == 2);
  CHECK(has_line(head, "Content-Length: 1"));
  CHECK(count_of(head, "Content-Length") == 1);
  CHECK(count_of(head, "Connection") == 0);
}

TEST_CASE("the gateway's own cookies and their no-store come last, whatever the route's edits and the upstream say") {
  HeaderEdits edits;
  edits.remove = {"set-cookie", "Cache-Control"};
  edits.set = {{"Cache-Control", "public, max-age=60"}, {"Vercel-CDN-Cache-Control", "max-age=60"}, {"X-Env", "prod"}};
  edits.add = {{"Set-Cookie", "theme=dark"}, {"Expires", "never"}, {"surrogate-control", "max-age=60"}};
  ResponseText response(
      "Connection: Set-Cookie, Cache-Control\r\nSet-Cookie: a=1\r\nCache-Control: public\r\n"
      "cdn-cache-control: max-age=9\r\nSurrogate-Control: max-age=9\r\nExpires: then\r\nX-Accel-Expires: 9\r\n"
      "Edge-Control: max-age=9\r\nX-Cache-Control-Seen: yes\r\nXCache-Control: yes\r\n"
      "Content-Length: 0\r\n");
  for (const char* const cookie : {"access=A; Secure", "refresh=R; Secure"}) {
    response.head.fields.add_own_cookie(cookie);
  }
  const auto written = [&](unsigned status) {
    response.head.status = status;
    std::string out;
    Framing framing;
    framing.kind = BodyKind::fixed;
    write_downstream_head({.response = response.head, .framing = framing, .edits = edits}, "today", out);
    return out;
  };
  CHECK(written(200) ==
        "HTTP/1.1 200 OK\r\nX-Cache-Control-Seen: yes\r\nXCache-Control: yes\r\nContent-Length: 0\r\nDate: today\r\n"
        "X-Env: prod\r\n"
        "Set-Cookie: theme=dark\r\nSet-Cookie: access=A; Secure\r\nSet-Cookie: refresh=R; Secure\r\n"
        "Cache-Control: no-store\r\n\r\n");
  const std::string upgraded = written(101);
  CHECK(has_line(upgraded, "Set-Cookie: refresh=R; Secure"));
  CHECK(has_line(upgraded, "Cache-Control: no-store"));
  CHECK(count_of(upgraded, "Cache-Control") == 1);
  CHECK(count_of(upgraded, "CDN-Cache-Control") == 0);
  CHECK(count_of(upgraded, "X-Env") == 0);
  CHECK(
      has_line(response_head("Content-Length: 0\r\n", "HTTP/1.1 200 OK", edits), "Cache-Control: public, max-age=60"));
}
