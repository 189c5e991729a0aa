#include "filters/keys/fetch.hpp"

#include <doctest/doctest.h>

#include "gateway/response_head_reader.hpp"
#include "tests/unit/keys/fetching.hpp"
#include "tests/unit/keys/scripted_server.hpp"

namespace postern::keys {
namespace {

constexpr auto document = R"({"keys":[]})";

bool has_line(const std::string& head, const std::string& line) {
  return head.find("\r\n" + line + "\r\n") != std::string::npos;
}

std::string chunked(const std::string& chunks, const std::string& fields = {}) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + fields + "\r\n" + chunks;
}

// The outcome of one answer to one request.
Outcome fetch_answer(std::string bytes, const FetchOptions& options = {}, const std::string& etag = {}) {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer(std::move(bytes))});
  return run_fetch(io, server.url(), options, etag);
}

FetchOptions at_most(std::size_t bytes) {
  FetchOptions options;
  options.body_limit = bytes;
  return options;
}

}  // namespace

TEST_CASE("a document comes with what says how long it is fresh") {
  const Outcome outcome = fetch_answer(response(document,
                                                "ETag: \"v1\"\r\nCache-Control: public\r\ncache-control: max-age=60\r\n"
                                                "Expires: Thu, 01 Jan 2026 00:00:00 GMT\r\nAge: 7\r\n"
                                                "Date: Wed, 31 Dec 2025 00:00:00 GMT\r\n"
                                                "Content-Type: application/json\r\n"));
  REQUIRE(outcome.succeeded());
  CHECK(outcome.result->status == 200);
  CHECK(outcome.result->body == document);
  CHECK(outcome.result->etag == "\"v1\"");
  CHECK(outcome.result->cache_control == "public, max-age=60");
  CHECK(outcome.result->expires == "Thu, 01 Jan 2026 00:00:00 GMT");
  CHECK(outcome.result->age == "7");
  CHECK(outcome.result->date == "Wed, 31 Dec 2025 00:00:00 GMT");
  CHECK(outcome.result->content_type == "application/json");
  CHECK(outcome.result->url.ends_with("/jwks"));
}

TEST_CASE("the request asks for JSON, takes gzip, says who asks and wants the connection closed") {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer(response(document))});
  REQUIRE(run_fetch(io, server.url("/keys?v=1")).succeeded());
  REQUIRE(server.requests.size() == 1);
  const std::string& head = server.requests[0];
  CHECK(head.starts_with("GET /keys?v=1 HTTP/1.1\r\n"));
  CHECK(has_line(head, "Host: 127.0.0.1:" + std::to_string(server.port())));
  CHECK(has_line(head, "Accept: application/json"));
  CHECK(has_line(head, "User-Agent: postern"));
  CHECK(has_line(head, "Accept-Encoding: gzip"));
  CHECK(has_line(head, "Connection: close"));
  CHECK(head.find("If-None-Match") == std::string::npos);
}

TEST_CASE("configured headers are sent, and replace Accept and User-Agent but never what frames the request") {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer(response(document))});
  FetchOptions options;
  options.headers = {{"X-Api-Key", "secret"},
                     {"accept", "application/jwk-set+json"},
                     {"Content-Length", "5"},
                     {"Host", "other.example"}};
  REQUIRE(run_fetch(io, server.url(), options).succeeded());
  const std::string& head = server.requests.at(0);
  CHECK(has_line(head, "X-Api-Key: secret"));
  CHECK(has_line(head, "accept: application/jwk-set+json"));
  CHECK(head.find("application/json") == std::string::npos);
  CHECK(head.find("Content-Length") == std::string::npos);
  CHECK(head.find("other.example") == std::string::npos);
}

TEST_CASE("a header that could begin another one is refused without a word of its value") {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer(response(document))});
  FetchOptions options;
  options.headers = {{"X-Api-Key", "secret\r\nX-Other: 1"}};
  const Outcome outcome = run_fetch(io, server.url(), options);
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().phase == Phase::request);
  CHECK(outcome.result.error().detail.find("X-Api-Key") != std::string::npos);
  CHECK(outcome.result.error().detail.find("secret") == std::string::npos);
  CHECK(server.requests.empty());
}

TEST_CASE("an etag is sent, and 304 says that nothing changed") {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer("HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=9\r\n\r\n")});
  const Outcome outcome = run_fetch(io, server.url(), {}, "\"v1\"");
  REQUIRE(outcome.succeeded());
  CHECK(outcome.result->status == 304);
  CHECK(outcome.result->body.empty());
  CHECK(outcome.result->etag == "\"v1\"");
  CHECK(outcome.result->cache_control == "max-age=9");
  CHECK(has_line(server.requests.at(0), "If-None-Match: \"v1\""));
}

TEST_CASE("a 304 may name another etag, and a Content-Length that it does not keep") {
  const Outcome outcome =
      fetch_answer("HTTP/1.1 304 Not Modified\r\nETag: W/\"v2\"\r\nContent-Length: 5000\r\n\r\n", {}, "\"v1\"");
  REQUIRE(outcome.succeeded());
  CHECK(outcome.result->etag == "W/\"v2\"");
}

TEST_CASE("a 304 that nobody asked for is a failure") {
  const Outcome outcome = fetch_answer("HTTP/1.1 304 Not Modified\r\n\r\n");
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().status == 304);
}

TEST_CASE("an etag that is no field value is not sent") {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer(response(document))});
  REQUIRE(run_fetch(io, server.url(), {}, "\"a\"\r\nX: 1").succeeded());
  CHECK(server.requests.at(0).find("If-None-Match") == std::string::npos);
}

TEST_CASE("bodies come by length, in chunks and until the end of the connection") {
  CHECK(fetch_answer(response(document)).result->body == document);
  CHECK(fetch_answer(chunked("5\r\n{\"key\r\n6;a=b\r\ns\":[]}\r\n0\r\nETag: \"late\"\r\n\r\n")).result->body ==
        document);
  CHECK(fetch_answer(std::string("HTTP/1.1 200 OK\r\n\r\n") + document).result->body == document);
  CHECK(fetch_answer(std::string("HTTP/1.0 200 OK\r\n\r\n") + document).result->body == document);
  CHECK(fetch_answer(response("")).result->body.empty());
}

TEST_CASE("a trailer says nothing about the document") {
  const Outcome outcome = fetch_answer(chunked("2\r\n{}\r\n0\r\nETag: \"late\"\r\nCache-Control: max-age=9\r\n\r\n"));
  REQUIRE(outcome.succeeded());
  CHECK(outcome.result->etag.empty());
  CHECK(outcome.result->cache_control.empty());
}

TEST_CASE("a response in many small pieces is one response") {
  boost::asio::io_context io;
  Script script = {read_head()};
  for (const char c : chunked("b\r\n{\"keys\":[]}\r\n0\r\n\r\n")) script.push_back(send(std::string(1, c)));
  ScriptedServer server(io, {script});
  const Outcome outcome = run_fetch(io, server.url());
  REQUIRE(outcome.succeeded());
  CHECK(outcome.result->body == document);
}

TEST_CASE("HTML with 200 is a document: what it holds is judged elsewhere") {
  const Outcome outcome = fetch_answer(response("<html>sign in</html>", "Content-Type: text/html\r\n"));
  REQUIRE(outcome.succeeded());
  CHECK(outcome.result->content_type == "text/html");
}

TEST_CASE("every other status is a failure that names it") {
  for (const unsigned status : {201U, 204U, 206U, 300U, 304U, 400U, 401U, 404U, 429U, 500U, 503U}) {
    const Outcome outcome = fetch_answer(response("no", {}, std::to_string(status) + " No"));
    CAPTURE(status);
    REQUIRE(!outcome.succeeded());
    CHECK(outcome.result.error().phase == Phase::response);
    CHECK(outcome.result.error().status == status);
    CHECK(!outcome.result.error().timed_out);
  }
}

TEST_CASE("interim responses are passed over, up to a bound") {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  std::string bytes;
  for (unsigned i = 0; i < ResponseHeadReader::max_interim_responses; ++i) bytes += interim;
  CHECK(fetch_answer(bytes + response(document)).succeeded());
  const Outcome outcome = fetch_answer(bytes + interim + response(document));
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().phase == Phase::response);
}

TEST_CASE("101 is no answer to a GET") {
  const Outcome outcome = fetch_answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().status == 101);
}

TEST_CASE("a body has the limit's bytes at most, whatever its framing") {
  const std::string ten(10, 'x');
  const auto bodies = {response(ten), chunked("5\r\nxxxxx\r\n5\r\nxxxxx\r\n0\r\n\r\n"),
                       "HTTP/1.1 200 OK\r\n\r\n" + ten};
  for (const std::string& bytes : bodies) {
    CAPTURE(bytes);
    const Outcome at_limit = fetch_answer(bytes, at_most(10));
    REQUIRE(at_limit.succeeded());
    CHECK(at_limit.result->body == ten);
    const Outcome above = fetch_answer(bytes, at_most(9));
    REQUIRE(!above.succeeded());
    CHECK(above.result.error().phase == Phase::body);
    CHECK(above.result.error().detail.find("9 bytes") != std::string::npos);
  }
}

TEST_CASE("a head has 16 KiB at most") {
  const std::string around = "HTTP/1.1 200 OK\r\nX: \r\n\r\n";
  const auto head_of = [&](std::size_t bytes) {
    return "HTTP/1.1 200 OK\r\nX: " + std::string(bytes - around.size(), 'x') + "\r\n\r\n";
  };
  CHECK(fetch_answer(head_of(16 * 1024)).succeeded());
  const Outcome above = fetch_answer(head_of(16 * 1024 + 1));
  REQUIRE(!above.succeeded());
  CHECK(above.result.error().phase == Phase::response);
  CHECK(!fetch_answer(head_of(300 * 1024)).succeeded());
}

TEST_CASE("a response that two readers could read differently is a failure") {
  const auto doubtful = {
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
      "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
      "{\"keys\":[]}\r\n\r\n",
  };
  for (const std::string bytes : doubtful) {
    CAPTURE(bytes);
    const Outcome outcome = fetch_answer(bytes);
    REQUIRE(!outcome.succeeded());
    CHECK(outcome.result.error().phase == Phase::response);
    CHECK(!outcome.result.error().timed_out);
  }
}

TEST_CASE("a truncated response is a failure, in its head and in its body") {
  const auto phase_of = [](const std::string& bytes) {
    const Outcome outcome = fetch_answer(bytes);
    CAPTURE(bytes);
    REQUIRE(!outcome.succeeded());
    CHECK(!outcome.result.error().timed_out);
    return outcome.result.error().phase;
  };
  CHECK(phase_of("") == Phase::response);
  CHECK(phase_of("HTTP/1.1 200 OK\r\nContent-Le") == Phase::response);
  CHECK(phase_of("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"keys\":[]}") == Phase::body);
  CHECK(phase_of(chunked("b\r\n{\"keys\":[]}\r\n")) == Phase::body);
  CHECK(phase_of(chunked("b\r\n{\"keys\":[]}\r\n0\r\n")) == Phase::body);
}

TEST_CASE("broken chunks are a failure") {
  for (const char* chunks : {"x\r\n{}\r\n0\r\n\r\n", "2\r\n{}0\r\n\r\n", "ffffffffffffffffff\r\n{}"}) {
    const Outcome outcome = fetch_answer(chunked(chunks));
    REQUIRE(!outcome.succeeded());
    CHECK(outcome.result.error().phase == Phase::body);
  }
}

TEST_CASE("each step of a fetch is told to the observer") {
  const Outcome outcome = fetch_answer(response(document, "Content-Type: application/json\r\n"));
  CHECK(outcome.said(Phase::dns) == "127.0.0.1 is 127.0.0.1");
  CHECK(outcome.said(Phase::connect).starts_with("127.0.0.1 port "));
  CHECK(outcome.said(Phase::request).starts_with("GET http://127.0.0.1:"));
  CHECK(outcome.said(Phase::response) == "status 200, application/json");
  CHECK(outcome.said(Phase::body) == "11 bytes");
}

TEST_CASE("a fetch needs no observer") {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer(response(document))});
  const conf::Url url = server.url();
  const std::string etag;
  const FetchOptions options;
  const Observe nobody;
  bool fetched = false;
  spawn(io.get_executor(), fetch(url, etag, options, nobody), [&](std::exception_ptr, const auto& result) {
    fetched = result.has_value();
    io.stop();
  });
  io.run();
  CHECK(fetched);
}

TEST_CASE("every phase has a name of its own") {
  CHECK(name_of(Phase::dns) == "dns");
  CHECK(name_of(Phase::connect) == "connect");
  CHECK(name_of(Phase::proxy) == "proxy");
  CHECK(name_of(Phase::tls) == "tls");
  CHECK(name_of(Phase::request) == "request");
  CHECK(name_of(Phase::response) == "response");
  CHECK(name_of(Phase::redirect) == "redirect");
  CHECK(name_of(Phase::body) == "body");
}

}  // namespace postern::keys
