#include <doctest/doctest.h>

#include "tests/unit/keys/certificates.hpp"
#include "tests/unit/keys/fetching.hpp"
#include "tests/unit/keys/scripted_server.hpp"

namespace postern::keys {
namespace {

// An authority and a server that it vouches for, and what a client needs to believe it.
struct Https {
  TemporaryFolder folder{"postern-tls-"};
  Certificate authority = make_certificate("authority", "", nullptr);
  conf::FilePath ca_file = write_certificate(folder, "ca.pem", authority);
  Certificate own = make_certificate("server", "DNS:localhost,DNS:id.example.com,IP:127.0.0.1", &authority);
  SslContext context = make_server_context(own);

  FetchOptions options() const {
    conf::UpstreamTls config;
    config.ca_file = ca_file;
    FetchOptions made;
    made.tls = make_client_tls(config);
    return made;
  }
  FetchOptions options_with(const Certificate& client) const {
    conf::UpstreamTls config;
    config.ca_file = ca_file;
    config.certificate_file = write_certificate(folder, "client.pem", client);
    config.key_file = write_key(folder, "client.key", client);
    FetchOptions made;
    made.tls = make_client_tls(config);
    return made;
  }
};

FetchFailure failure_of(const Script& script, const FetchOptions& options, const std::string& host = "localhost") {
  boost::asio::io_context io;
  ScriptedServer server(io, {script});
  const Outcome outcome = run_fetch(io, {true, host, server.port(), "/jwks"}, options);
  REQUIRE(!outcome.succeeded());
  CHECK(server.requests.empty());
  return outcome.result.error();
}

}  // namespace

TEST_CASE("a document comes over TLS from a server that the configured authority vouches for") {
  const Https https;
  for (const char* host : {"localhost", "127.0.0.1"}) {
    boost::asio::io_context io;
    ScriptedServer server(io, {answer_by_tls(https.context.get(), response("{}"))});
    const Outcome outcome = run_fetch(io, {true, host, server.port(), "/jwks"}, https.options());
    REQUIRE(outcome.succeeded());
    CHECK(outcome.result->body == "{}");
    CHECK(outcome.said(Phase::tls).starts_with("TLSv1.3, its certificate is valid until "));
    CHECK(server.requests.at(0).starts_with("GET /jwks HTTP/1.1\r\n"));
  }
}

TEST_CASE("a long document over TLS comes whole") {
  const Https https;
  const std::string document(300'000, ' ');
  boost::asio::io_context io;
  ScriptedServer server(io, {answer_by_tls(https.context.get(), response(document))});
  const Outcome outcome = run_fetch(io, server.url("/", true), https.options());
  REQUIRE(outcome.succeeded());
  CHECK(outcome.result->body == document);
}

TEST_CASE("over TLS only close_notify ends a document without a length") {
  const Https https;
  SSL_CTX* const context = https.context.get();
  const std::string bytes = "HTTP/1.1 200 OK\r\n\r\n{}";
  boost::asio::io_context io;
  ScriptedServer clean(io, {answer_by_tls(context, bytes)});
  CHECK(run_fetch(io, clean.url("/", true), https.options()).succeeded());
  ScriptedServer cut(io, {{begin_tls(context), read_head(), send(bytes), cut_off()}});
  const Outcome outcome = run_fetch(io, cut.url("/", true), https.options());
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().phase == Phase::body);
}

TEST_CASE("a server of another name is refused") {
  const Https https;
  const Certificate other = make_certificate("other", "DNS:other.example.com", &https.authority);
  const SslContext context = make_server_context(other);
  const FetchFailure failed = failure_of(answer_by_tls(context.get(), response("{}")), https.options());
  CHECK(failed.phase == Phase::tls);
  CHECK(failed.detail == "its certificate is refused: hostname mismatch");
}

TEST_CASE("a server whose authority is unknown is refused") {
  const Https https;
  const Https stranger;
  const FetchFailure failed = failure_of(answer_by_tls(stranger.context.get(), response("{}")), https.options());
  CHECK(failed.phase == Phase::tls);
  CHECK(failed.detail.starts_with("its certificate is refused: "));
}

TEST_CASE("what is no TLS is refused") {
  const Https https;
  const FetchFailure failed = failure_of({send("HTTP/1.1 400 Bad Request\r\n\r\n")}, https.options());
  CHECK(failed.phase == Phase::tls);
  CHECK(failed.detail == "wrong version number");
  CHECK(failure_of({}, https.options()).phase == Phase::tls);
  CHECK(failure_of({}, {}).phase == Phase::tls);
}

TEST_CASE("a handshake that hangs ends with its phase") {
  const Https https;
  FetchOptions options = https.options();
  options.timeout = std::chrono::seconds(2);  // the phases before must be over
  const FetchFailure failed = failure_of({hold()}, options);
  CHECK(failed.phase == Phase::tls);
  CHECK(failed.timed_out);
}

TEST_CASE("a response over TLS that hangs ends with its phase") {
  const Https https;
  FetchOptions options = https.options();
  options.timeout = std::chrono::seconds(2);  // the phases before must be over
  boost::asio::io_context io;
  ScriptedServer server(io, {{begin_tls(https.context.get()), read_head(), hold()}});
  const Outcome outcome = run_fetch(io, server.url("/", true), options);
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().phase == Phase::response);
  CHECK(outcome.result.error().timed_out);
}

TEST_CASE("a client certificate is shown to a server that wants one") {
  const Https https;
  const SslContext context = make_server_context(https.own, &https.authority);
  const Certificate client = make_certificate("client", "DNS:gateway", &https.authority);
  boost::asio::io_context io;
  ScriptedServer server(io, {answer_by_tls(context.get(), response("{}"))});
  CHECK(run_fetch(io, server.url("/", true), https.options_with(client)).succeeded());
}

TEST_CASE("a server that refuses the client's certificate fails the TLS phase, and the failure says so") {
  const Https https;
  const SslContext context = make_server_context(https.own, &https.authority);
  const Script script = answer_by_tls(context.get(), response("{}"));
  const FetchFailure without = failure_of(script, https.options());
  CHECK(without.phase == Phase::tls);
  CHECK(without.detail == "the other side refused: tlsv13 alert certificate required");
  const Https stranger;
  const Certificate unknown = make_certificate("client", "DNS:gateway", &stranger.authority);
  const FetchFailure with_unknown = failure_of(script, https.options_with(unknown));
  CHECK(with_unknown.phase == Phase::tls);
  CHECK(with_unknown.detail.starts_with("the other side refused: "));
}

TEST_CASE("a redirect from https to http is refused") {
  const Https https;
  boost::asio::io_context io;
  const std::string bytes = "HTTP/1.1 302 Found\r\nLocation: http://localhost/jwks\r\n\r\n";
  ScriptedServer server(io, {answer_by_tls(https.context.get(), bytes)});
  const Outcome outcome = run_fetch(io, server.url("/", true), https.options());
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().phase == Phase::redirect);
  CHECK(outcome.result.error().detail == "a redirect from https to http");
}

// ---- through a proxy

TEST_CASE("https goes through a proxy's tunnel, with the origin's name and certificate") {
  const Https https;
  boost::asio::io_context io;
  ScriptedServer proxy(io, {{read_head(), send("HTTP/1.1 200 Connection established\r\n\r\n"),
                             begin_tls(https.context.get()), read_head(), send(response("{}"))}});
  FetchOptions options = https.options();
  options.proxy.configured = "http://127.0.0.1:" + std::to_string(proxy.port());
  options.headers = {{"X-Api-Key", "secret"}};
  const Outcome outcome = run_fetch(io, {true, "id.example.com", 443, "/jwks"}, options);
  REQUIRE(outcome.succeeded());
  CHECK(outcome.result->body == "{}");
  CHECK(outcome.result->url == "https://id.example.com/jwks");
  REQUIRE(proxy.requests.size() == 2);
  CHECK(proxy.requests[0].starts_with("CONNECT id.example.com:443 HTTP/1.1\r\nHost: id.example.com:443\r\n"));
  CHECK(proxy.requests[0].find("secret") == std::string::npos);
  CHECK(proxy.requests[1].starts_with("GET /jwks HTTP/1.1\r\nHost: id.example.com\r\n"));
  CHECK(proxy.requests[1].find("X-Api-Key: secret\r\n") != std::string::npos);
  CHECK(outcome.said(Phase::proxy) == "the proxy answers CONNECT with 200");
}

TEST_CASE("a proxy that opens no tunnel fails the proxy phase with its status") {
  const Https https;
  const auto ask = [&](Script script) {
    boost::asio::io_context io;
    ScriptedServer proxy(io, {std::move(script)});
    FetchOptions options = https.options();
    options.timeout = std::chrono::seconds(2);  // the phases before must be over
    options.proxy.configured = "http://127.0.0.1:" + std::to_string(proxy.port());
    const Outcome outcome = run_fetch(io, {true, "id.example.com", 443, "/jwks"}, options);
    REQUIRE(!outcome.succeeded());
    CHECK(outcome.result.error().phase == Phase::proxy);
    return outcome.result.error();
  };
  const FetchFailure forbidden = ask(answer(response("no", {}, "403 Forbidden")));
  CHECK(forbidden.status == 403);
  CHECK(forbidden.detail == "the proxy answers CONNECT with 403");
  CHECK(ask(answer(response("", {}, "302 Found"))).status == 302);
  CHECK(ask(answer("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}")).detail.find("bytes") != std::string::npos);
  CHECK(ask(answer("SSH-2.0\r\n\r\n")).status == 0);
  CHECK(ask({read_head(), hold()}).timed_out);
}

TEST_CASE("http goes to a proxy with the whole URL") {
  boost::asio::io_context io;
  ScriptedServer proxy(io, {answer(response("{}"))});
  FetchOptions options;
  options.allow_http = true;
  options.proxy.configured = "http://127.0.0.1:" + std::to_string(proxy.port());
  REQUIRE(run_fetch(io, {false, "id.example.com", 8080, "/jwks"}, options).succeeded());
  CHECK(proxy.requests.at(0).starts_with(
      "GET http://id.example.com:8080/jwks HTTP/1.1\r\nHost: id.example.com:8080\r\n"));
}

TEST_CASE("a proxy is not asked for a link-local address") {
  boost::asio::io_context io;
  ScriptedServer proxy(io, {{hold()}});
  FetchOptions options;
  options.allow_http = true;
  options.proxy.configured = "http://127.0.0.1:" + std::to_string(proxy.port());
  for (const char* host : {"169.254.169.254", "2852039166", "fe80::1"}) {
    CHECK(!run_fetch(io, {false, host, 80, "/"}, options).succeeded());
  }
  CHECK(proxy.connections == 0);
}

TEST_CASE("a proxy that is no http URL fails the proxy phase") {
  boost::asio::io_context io;
  FetchOptions options;
  options.proxy.configured = "socks5://127.0.0.1:1080";
  const Outcome outcome = run_fetch(io, {true, "id.example.com", 443, "/"}, options);
  REQUIRE(!outcome.succeeded());
  CHECK(outcome.result.error().phase == Phase::proxy);
}

}  // namespace postern::keys
