#include <doctest/doctest.h>

#include "tests/unit/keys/fetching.hpp"
#include "tests/unit/keys/scripted_server.hpp"

namespace postern::keys {
namespace {

Script redirect(const std::string& location, unsigned status = 302) {
  return answer("HTTP/1.1 " + std::to_string(status) + " Elsewhere\r\nLocation: " + location +
                "\r\nContent-Length: 99999999\r\n\r\n");
}

FetchFailure failed_redirect(const Script& script, const FetchOptions& options = {}) {
  boost::asio::io_context io;
  ScriptedServer server(io, {script});
  const Outcome outcome = run_fetch(io, server.url(), options);
  REQUIRE(!outcome.succeeded());
  return outcome.result.error();
}

FetchOptions with_key() {
  FetchOptions options;
  options.headers = {{"X-Api-Key", "secret"}};
  return options;
}

}  // namespace

TEST_CASE("a redirect is followed, by every status that is one") {
  for (const unsigned status : {301U, 302U, 303U, 307U, 308U}) {
    boost::asio::io_context io;
    ScriptedServer server(io, {redirect("../new?v=2", status), answer(response("{}"))});
    const Outcome outcome = run_fetch(io, server.url("/a/b/jwks"));
    CAPTURE(status);
    REQUIRE(outcome.succeeded());
    CHECK(outcome.result->body == "{}");
    CHECK(outcome.result->url == server.url("/a/new?v=2").to_text());
    CHECK(server.requests.at(1).starts_with("GET /a/new?v=2 HTTP/1.1\r\n"));
    CHECK(outcome.said(Phase::redirect) == "to " + server.url("/a/new?v=2").to_text());
  }
}

TEST_CASE("the fragment of a redirect is left out, wherever the redirect leads to") {
  for (const std::string location : {"/new#keys", "/new#", "/new#a?b#c"}) {
    boost::asio::io_context io;
    ScriptedServer server(io, {redirect(location), answer(response("{}"))});
    const Outcome outcome = run_fetch(io, server.url());
    CAPTURE(location);
    REQUIRE(outcome.succeeded());
    CHECK(outcome.result->url == server.url("/new").to_text());
    CHECK(server.requests.at(1).starts_with("GET /new HTTP/1.1\r\n"));
  }
  CHECK(failed_redirect(redirect("#keys")).phase == Phase::redirect);
  CHECK(failed_redirect(redirect("http://169.254.169.254/#keys")).phase == Phase::redirect);
}

TEST_CASE("redirects are followed up to the limit") {
  for (const unsigned limit : {0U, 1U, 3U}) {
    FetchOptions options;
    options.redirect_limit = limit;
    boost::asio::io_context io;
    ScriptedServer enough(io);
    for (unsigned i = 0; i < limit; ++i) enough.add(redirect("/next"));
    enough.add(answer(response("{}")));
    CHECK(run_fetch(io, enough.url(), options).succeeded());
    ScriptedServer loop(io, {redirect("/jwks")});
    const Outcome outcome = run_fetch(io, loop.url(), options);
    REQUIRE(!outcome.succeeded());
    CHECK(outcome.result.error().phase == Phase::redirect);
    CHECK(outcome.result.error().detail == "more than " + std::to_string(limit) + " redirects");
    CHECK(loop.requests.size() == limit + 1);
  }
}

TEST_CASE("a redirect to another scheme, to nowhere and to what is no URL is refused") {
  CHECK(failed_redirect(redirect("https://127.0.0.1/jwks")).detail == "a redirect from http to https");
  CHECK(failed_redirect(redirect("ftp://127.0.0.1/jwks")).phase == Phase::redirect);
  CHECK(failed_redirect(redirect("file:///etc/passwd")).phase == Phase::redirect);
  CHECK(failed_redirect(redirect("http://user:hunter2@127.0.0.1/")).phase == Phase::redirect);
  CHECK(failed_redirect(redirect("http://user:hunter2@127.0.0.1/")).detail.find("hunter2") == std::string::npos);
  CHECK(failed_redirect(redirect("")).detail == "a redirect without Location");
  CHECK(failed_redirect(answer("HTTP/1.1 302 Found\r\n\r\n")).detail == "a redirect without Location");
}

TEST_CASE("configured headers go to the first origin and to no other, the etag to all") {
  boost::asio::io_context io;
  ScriptedServer first(io);
  ScriptedServer other(io);
  first.add(redirect("/moved"));
  first.add(redirect(other.url("/away").to_text()));
  other.add(redirect(first.url("/back").to_text()));
  first.add(answer(response("{}")));
  REQUIRE(run_fetch(io, first.url(), with_key(), "\"v1\"").succeeded());
  REQUIRE(first.requests.size() == 3);
  REQUIRE(other.requests.size() == 1);
  for (const std::string& head : first.requests) CHECK(head.find("X-Api-Key: secret\r\n") != std::string::npos);
  CHECK(other.requests[0].find("secret") == std::string::npos);
  CHECK(other.requests[0].find("If-None-Match: \"v1\"\r\n") != std::string::npos);
}

TEST_CASE("another name of the same server is another origin") {
  boost::asio::io_context io;
  ScriptedServer server(io);
  server.add(redirect("http://localhost:" + std::to_string(server.port()) + "/jwks"));
  server.add(answer(response("{}")));
  REQUIRE(run_fetch(io, server.url(), with_key()).succeeded());
  CHECK(server.requests.at(1).find("secret") == std::string::npos);
}

TEST_CASE("a redirect to a link-local address is refused without a connection, in any spelling") {
  FetchOptions options;
  options.allow_http = true;
  for (const std::string host : {"169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "2852039166", "0xa9fea9fe",
                                 "169.254.43518", "0251.0376.0251.0376"}) {
    const FetchFailure failed = failed_redirect(redirect(std::string("http://") + host + "/latest/meta-data"), options);
    CAPTURE(host);
    CAPTURE(failed.detail);
    CHECK(failed.phase == Phase::redirect);
    CHECK(!failed.timed_out);
  }
}

TEST_CASE("a redirect from loopback to http elsewhere is refused unless http is allowed") {
  const FetchFailure failed = failed_redirect(redirect("http://id.example.com/jwks"));
  CHECK(failed.phase == Phase::redirect);
  CHECK(failed.detail.find("allow_http") != std::string::npos);
}

}  // namespace postern::keys
