#include "filters/keys/post.hpp"

#include <doctest/doctest.h>

#include "tests/unit/keys/fetching.hpp"
#include "tests/unit/keys/scripted_server.hpp"

namespace postern::keys {
namespace {

using Result = tl::expected<Posted, FetchFailure>;

const Secret credentials{R"({"username":"alice"})"};

Result run_post(boost::asio::io_context& io, const conf::Url& url, const FetchOptions& options = {}) {
  Result result;
  bool ended = false;
  spawn(io.get_executor(), post(url, credentials, options), [&](std::exception_ptr thrown, Result outcome) {
    if (thrown) std::rethrow_exception(thrown);
    result = std::move(outcome);
    ended = true;
  });
  while (!ended) io.run_one();
  return result;
}

Script answer_to_body(std::string bytes) {
  return {read_head(), read_body(credentials.reveal().size()), send(std::move(bytes))};
}

Result post_answer(std::string bytes, const FetchOptions& options = {}) {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer_to_body(std::move(bytes))});
  return run_post(io, server.url(), options);
}

}  // namespace

TEST_CASE("a POST says what it carries, with the configured headers, and gives the answer") {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer_to_body(response("{\"role\":\"admin\"}"))});
  FetchOptions options;
  options.headers = {{"X-Api-Key", "key"}, {"Content-Type", "text/plain"}, {"content-length", "5"}, {"Host", "b"}};
  const Result result = run_post(io, server.url("/verify?v=1"), options);
  REQUIRE(result);
  CHECK(result->status == 200);
  CHECK(result->body == "{\"role\":\"admin\"}");
  CHECK(server.requests ==
        std::vector<std::string>{"POST /verify?v=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                                 "\r\nAccept: application/json\r\nUser-Agent: postern\r\n"
                                 "Accept-Encoding: gzip\r\nConnection: close\r\n"
                                 "Content-Type: application/json\r\nContent-Length: 20\r\n"
                                 "X-Api-Key: key\r\n\r\n{\"username\":\"alice\"}"});
}

TEST_CASE("every status is an answer to a POST, and only a 200's body is read") {
  for (const std::string status : {"201 Created", "401 Unauthorized", "404 Not Found", "500 Internal Server Error"}) {
    CAPTURE(status);
    const Result result = post_answer(response("{}", {}, status));
    REQUIRE(result);
    CHECK(std::to_string(result->status) == std::string(status).substr(0, 3));
    CHECK(result->body.empty());
  }
}

TEST_CASE("a POST follows no redirect: its body may be meant for nobody else") {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer_to_body(response("", "Location: /other\r\n", "307 Temporary Redirect"))});
  const Result result = run_post(io, server.url());
  REQUIRE(result);
  CHECK(result->status == 307);
  CHECK(server.connections == 1);
}

TEST_CASE("the answer to a POST may be as long as the limit, and no byte longer") {
  FetchOptions options;
  options.body_limit = 10;
  CHECK(post_answer(response(std::string(10, 'x')), options).value().body.size() == 10);
  const Result longer = post_answer(response(std::string(11, 'x')), options);
  REQUIRE(!longer);
  CHECK(longer.error().detail == "the document is longer than 10 bytes");
  const Result chunked =
      post_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n", options);
  REQUIRE(!chunked);
  CHECK(chunked.error().detail == "the document is longer than 10 bytes");
}

TEST_CASE("the timeout of a POST is the time of the whole exchange") {
  for (const char* begun : {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1"}) {
    boost::asio::io_context io;
    ScriptedServer server(io, {{read_head(), send(begun), hold()}});
    const Result result = run_post(io, server.url(), impatient());
    REQUIRE(!result);
    CHECK(result.error().timed_out);
    CHECK(result.error().detail == "the whole fetch took longer than 500 ms");
  }
}

TEST_CASE("a POST fails without a whole answer, or where nobody listens") {
  CHECK(!post_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1234"));
  CHECK(!post_answer("nonsense\r\n\r\n"));
  boost::asio::io_context io;
  ScriptedServer server(io);
  const conf::Url url = server.url();
  server.stop();
  const Result nobody = run_post(io, url);
  REQUIRE(!nobody);
  CHECK(nobody.error().phase == Phase::connect);
}

TEST_CASE("a POST goes nowhere over http but to loopback") {
  boost::asio::io_context io;
  const Result result = run_post(io, {false, "192.0.2.1", 80, "/"});
  REQUIRE(!result);
  CHECK(result.error().detail.starts_with("http:// is refused to anything but loopback"));
}

}  // namespace postern::keys
