#include "filters/token_source.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/filters/request.hpp"

using namespace postern;
using namespace postern::filters;

namespace {

conf::TokenSource header(std::string name, std::string prefix = {}) {
  conf::TokenSource source;
  source.header = std::move(name);
  source.prefix = std::move(prefix);
  return source;
}
conf::TokenSource cookie(std::string name) {
  conf::TokenSource source;
  source.cookie = std::move(name);
  return source;
}
conf::TokenSource query(std::string name) {
  conf::TokenSource source;
  source.query = std::move(name);
  return source;
}
conf::TokenSource protocol(std::string name) {
  conf::TokenSource source;
  source.websocket_protocol = std::move(name);
  return source;
}
conf::TokenSource bearer() {
  return header("Authorization", "Bearer");
}

using Sources = std::vector<conf::TokenSource>;

// The token that was found, "(none)", or the code of the refusal in angle brackets.
std::string find(const Sources& sources, const TestRequest& request, std::size_t limit = 8192) {
  const auto found = TokenSources(sources, limit).find(request.head);
  if (!found) return "<" + std::string(code_of(found.error().reason)) + ">";
  return found->token.empty() ? "(none)" : std::string(found->token);
}

void remove(const Sources& sources, TestRequest& request) {
  TokenSources(sources, 8192).remove(request.head, request.memory);
}

struct Fixture {
  FilterWorkerState state;
  TestRequest request{state};
};

std::string find_authorization(std::string_view value) {
  Fixture fixture;
  fixture.request.with("Authorization", value);
  return find({}, fixture.request);
}

}  // namespace

TEST_CASE("Bearer is matched without case and followed by one or more spaces") {
  CHECK(find_authorization("Bearer a.b.c") == "a.b.c");
  CHECK(find_authorization("bearer a.b.c") == "a.b.c");
  CHECK(find_authorization("BEARER    a.b.c") == "a.b.c");
  CHECK(find_authorization("Bearer\ta.b.c") == "<token_malformed>");
  CHECK(find_authorization("Bearer") == "<token_malformed>");
  CHECK(find_authorization("Bearer  ") == "<token_malformed>");
  CHECK(find_authorization("Bearer,a.b.c") == "<token_malformed>");
}

TEST_CASE("an Authorization of another scheme is no token") {
  CHECK(find_authorization("Basic dXNlcjpw") == "(none)");
  CHECK(find_authorization("Bearerish a.b.c") == "(none)");
  CHECK(find_authorization("Digest username=\"a\", realm=\"b\"") == "(none)");
  CHECK(find_authorization("") == "(none)");
}

TEST_CASE("two Authorization fields are refused, whatever they hold") {
  Fixture fixture;
  fixture.request.with("Authorization", "Bearer a.b.c").with("authorization", "Basic eA==");
  CHECK(find({}, fixture.request) == "<token_multiple>");
  Fixture twice;
  twice.request.with("Authorization", "Bearer a.b.c").with("Authorization", "Bearer a.b.c");
  CHECK(find({}, twice.request) == "<token_multiple>");
}

TEST_CASE("a list in one Authorization field is refused") {
  CHECK(find_authorization("Bearer a, Bearer b") == "<token_multiple>");
  CHECK(find_authorization("Bearer a,b") == "<token_multiple>");
}

TEST_CASE("a token in the header and one in the query are refused") {
  Fixture fixture;
  fixture.request.with("Authorization", "Bearer a.b.c").query("x=1&access_token=a.b.c");
  CHECK(find({bearer(), query("access_token")}, fixture.request) == "<token_multiple>");
  CHECK(find({query("access_token"), bearer()}, fixture.request) == "<token_multiple>");
}

TEST_CASE("a place that the route does not read does not count") {
  Fixture fixture;
  fixture.request.with("Authorization", "Bearer a.b.c").query("access_token=q.q.q").with("Cookie", "at=c.c.c");
  CHECK(find({}, fixture.request) == "a.b.c");
  CHECK(find({query("access_token")}, fixture.request) == "q.q.q");
  CHECK(find({cookie("at")}, fixture.request) == "c.c.c");
}

TEST_CASE("a header wins over a cookie, whatever the order in the configuration") {
  Fixture fixture;
  fixture.request.with("Cookie", "at=c.c.c; at=d.d.d").with("Authorization", "Bearer a.b.c");
  CHECK(find({cookie("at"), bearer()}, fixture.request) == "a.b.c");
}

TEST_CASE("another scheme in Authorization leaves the cookie's token alone") {
  Fixture fixture;
  fixture.request.with("Cookie", "at=c.c.c").with("Authorization", "Basic eA==");
  CHECK(find({bearer(), cookie("at")}, fixture.request) == "c.c.c");
  remove({bearer(), cookie("at")}, fixture.request);
  CHECK(fixture.request.forwarded("Authorization") == "Basic eA==");
  CHECK(fixture.request.forwarded("Cookie") == "(none)");
}

TEST_CASE("a cookie is found among others, in every Cookie field, with quotes or without") {
  Fixture fixture;
  fixture.request.with("Cookie", "a=1; b=at=x").with("Cookie", "at2=no;at=\"a.b.c\"");
  CHECK(find({cookie("at")}, fixture.request) == "a.b.c");
  CHECK(find({cookie("AT")}, fixture.request) == "(none)");
}

TEST_CASE("the same cookie twice is refused, also over two fields") {
  Fixture fixture;
  fixture.request.with("Cookie", "at=a.b.c; x=1; at=a.b.c");
  CHECK(find({cookie("at")}, fixture.request) == "<token_multiple>");
  Fixture two;
  two.request.with("Cookie", "at=a.b.c").with("Cookie", "at =d.e.f");
  CHECK(find({cookie("at")}, two.request) == "<token_multiple>");
}

TEST_CASE("of cookies of different names the one listed first counts") {
  Fixture fixture;
  fixture.request.with("Cookie", "old=o.o.o; new=n.n.n");
  CHECK(find({cookie("new"), cookie("old")}, fixture.request) == "n.n.n");
}

TEST_CASE("an empty cookie or query parameter is no token") {
  Fixture fixture;
  fixture.request.with("Cookie", "at=").query("access_token=");
  CHECK(find({cookie("at"), query("access_token")}, fixture.request) == "(none)");
}

TEST_CASE("a query token that is encoded is malformed") {
  Fixture fixture;
  fixture.request.query("access_token=a%2Eb.c");
  CHECK(find({query("access_token")}, fixture.request) == "<token_malformed>");
  fixture.request.query("access_token=a+b.c");
  CHECK(find({query("access_token")}, fixture.request) == "<token_malformed>");
}

TEST_CASE("a query parameter's name is compared decoded, so that no second one hides") {
  Fixture fixture;
  fixture.request.query("access_token=a.b.c&access%5Ftoken=d.e.f");
  CHECK(find({query("access_token")}, fixture.request) == "<token_multiple>");
  fixture.request.query("access_token=a.b.c&access_toke%6E=d.e.f");
  CHECK(find({query("access_token")}, fixture.request) == "<token_multiple>");
  fixture.request.query("access_token=a.b.c&access_token=a.b.c");
  CHECK(find({query("access_token")}, fixture.request) == "<token_multiple>");
  fixture.request.query("access%5ftoken=d.e.f");
  CHECK(find({query("access_token")}, fixture.request) == "d.e.f");
  fixture.request.query("access%5=d.e.f&access_toke=x&access_tokens=y");
  CHECK(find({query("access_token")}, fixture.request) == "(none)");
}

TEST_CASE("a subprotocol's token is the element after the named one, over all fields") {
  Fixture fixture;
  fixture.request.with("Sec-WebSocket-Protocol", "chat, bearer").with("Sec-WebSocket-Protocol", "a.b.c,v2");
  CHECK(find({protocol("bearer")}, fixture.request) == "a.b.c");
  Fixture empty;
  empty.request.with("Sec-WebSocket-Protocol", "bearer, ,").with("Sec-WebSocket-Protocol", ",a.b.c");
  CHECK(find({protocol("bearer")}, empty.request) == "a.b.c");
  Fixture twice;
  twice.request.with("Sec-WebSocket-Protocol", "bearer, a, bearer, b");
  CHECK(find({protocol("bearer")}, twice.request) == "<token_multiple>");
  Fixture last;
  last.request.with("Sec-WebSocket-Protocol", "chat, bearer");
  CHECK(find({protocol("bearer")}, last.request) == "<token_malformed>");
  Fixture none;
  none.request.with("Sec-WebSocket-Protocol", "chat, Bearer");
  CHECK(find({protocol("bearer")}, none.request) == "(none)");
}

TEST_CASE("a named header is read whole, or after its prefix") {
  Fixture fixture;
  fixture.request.with("x-token", "a.b.c").with("X-Other", "Token d.e.f");
  CHECK(find({header("X-Token")}, fixture.request) == "a.b.c");
  CHECK(find({header("X-Other", "token")}, fixture.request) == "d.e.f");
  CHECK(find({header("X-Token"), header("X-Other", "token")}, fixture.request) == "<token_multiple>");
  CHECK(find({header("X-Absent")}, fixture.request) == "(none)");
}

TEST_CASE("a named header is one place in every spelling that an upstream could take for it") {
  const Sources sources{header("X-Token")};
  Fixture both;
  both.request.with("X-Token", "good").with("X_Token", "forged");
  CHECK(find(sources, both.request) == "<token_multiple>");
  Fixture other;
  other.request.with("x.token", "good");
  CHECK(find(sources, other.request) == "good");
  remove(sources, other.request);
  CHECK(other.request.forwarded("x.token") == "(none)");
  Fixture longer;
  longer.request.with("X-Tokens", "good");
  CHECK(find(sources, longer.request) == "(none)");
}

TEST_CASE("a field that was removed holds no token") {
  Fixture fixture;
  fixture.request.with("Authorization", "Bearer a.b.c").with("Sec-WebSocket-Protocol", "bearer, d.e.f");
  for (http::Field& field : fixture.request.head.fields) field.removed = true;
  CHECK(find({bearer(), protocol("bearer")}, fixture.request) == "(none)");
}

TEST_CASE("a token of the limit's bytes is read, one byte more is too large") {
  Fixture fixture;
  const std::string value = "Bearer " + std::string(100, 'x');
  fixture.request.with("Authorization", value);
  CHECK(find({}, fixture.request, 100).size() == 100);
  CHECK(find({}, fixture.request, 99) == "<token_too_large>");
}

TEST_CASE("removing takes the token out of every place that the route reads, and nothing else") {
  Fixture fixture;
  auto& request = fixture.request;
  request.with("Authorization", "Bearer a.b.c").with("Cookie", "x=1; at=c.c.c;y=2").with("Cookie", "at=d");
  request.with("Sec-WebSocket-Protocol", "chat, bearer").with("Sec-WebSocket-Protocol", "a.b.c,v2");
  request.query("p=1&access%5Ftoken=q&r=%20&access_token=z");
  remove({bearer(), cookie("at"), query("access_token"), protocol("bearer")}, request);
  CHECK(request.forwarded("Authorization") == "(none)");
  CHECK(request.forwarded("Cookie") == "x=1; y=2");
  CHECK(request.head.fields.count(http::KnownField::cookie) == 1);
  CHECK(request.forwarded("Sec-WebSocket-Protocol") == "chat, v2");
  CHECK(request.head.fields.count(http::KnownField::sec_websocket_protocol) == 1);
  CHECK(request.head.query == "p=1&r=%20");
  CHECK(request.head.has_query);
}

TEST_CASE("removing leaves alone what the route does not read") {
  Fixture fixture;
  fixture.request.with("Authorization", "Bearer a.b.c").with("Cookie", "at=c").query("access_token=q");
  fixture.request.with("Sec-WebSocket-Protocol", "chat").with("Sec-WebSocket-Protocol", "v2");
  remove({header("X-Token"), protocol("bearer")}, fixture.request);
  CHECK(fixture.request.head.fields.count(http::KnownField::sec_websocket_protocol) == 2);
  CHECK(fixture.request.forwarded("Authorization") == "Bearer a.b.c");
  CHECK(fixture.request.forwarded("Cookie") == "at=c");
  CHECK(fixture.request.head.query == "access_token=q");
}

TEST_CASE("a query that held only the token goes with its question mark, an offered list that did goes as a whole") {
  Fixture fixture;
  fixture.request.query("access_token=q").with("Sec-WebSocket-Protocol", "bearer, a.b.c");
  remove({query("access_token"), protocol("bearer")}, fixture.request);
  CHECK_FALSE(fixture.request.head.has_query);
  CHECK(fixture.request.forwarded("Sec-WebSocket-Protocol") == "(none)");
}

TEST_CASE("a subprotocol's token is read and taken out in every spelling of its field") {
  for (const std::string_view name : {"Sec_WebSocket_Protocol", "sec.websocket.protocol", "Sec-WebSocket~PROTOCOL"}) {
    CAPTURE(name);
    const TokenSources sources({protocol("bearer")}, 8192);
    Fixture twins;
    twins.request.with("Sec-WebSocket-Protocol", "bearer, a.b.c").with(name, "bearer, forged");
    CHECK(find({protocol("bearer")}, twins.request) == "<token_multiple>");
    Fixture alone;
    alone.request.with(name, "chat, bearer, a.b.c");
    CHECK(find({protocol("bearer")}, alone.request) == "a.b.c");
    sources.remove(alone.request.head, alone.request.memory);
    const http::Field* const left = alone.request.head.fields.find(http::KnownField::sec_websocket_protocol);
    REQUIRE(left != nullptr);
    CHECK(left->value == "chat");
    CHECK(alone.request.head.fields.find(name) == nullptr);
  }
}

TEST_CASE("the subprotocol is selected only where its token was taken out") {
  Fixture fixture;
  const TokenSources sources({protocol("bearer")}, 8192);
  fixture.request.with("Sec-WebSocket-Protocol", "bearer, a.b.c");
  CHECK(sources.protocol_to_select(fixture.request.head).empty());
  sources.remove(fixture.request.head, fixture.request.memory);
  CHECK(sources.protocol_to_select(fixture.request.head) == "bearer");
}
