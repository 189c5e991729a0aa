#include <doctest/doctest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "base/json.hpp"
#include "filters/jose/compact.hpp"
#include "filters/jose/jwks.hpp"
#include "filters/jose/signature.hpp"
#include "cli/demo_signer.hpp"
#include "cli/demo_upstream.hpp"

namespace postern::cli {
namespace {

namespace asio = boost::asio;

// Whether a key of this document verifies the token.
bool verifies(const std::string& jwks, const std::string& token) {
  const auto loaded = jose::parse_jwks(jwks, false);
  REQUIRE(loaded);
  REQUIRE(loaded->skipped.empty());
  const auto parts = jose::parse_compact(token);
  REQUIRE(parts);
  const jose::Algorithm* const algorithm = jose::find_algorithm(parts->alg());
  REQUIRE(algorithm != nullptr);
  const auto keys = loaded->keys.candidates(parts->kid(), *algorithm);
  if (keys.empty()) return false;
  REQUIRE(keys.size() == 1);
  return jose::SignatureContexts().verify(**keys.begin(), *algorithm, parts->signing_input, parts->signature);
}

// Sends these bytes to the sample upstream and returns what it answers until it closes.
std::string ask(const DemoUpstream& upstream, const std::string& bytes) {
  const std::string url = upstream.url();
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  socket.connect({asio::ip::address_v4::loopback(), port});
  boost::system::error_code ended;
  asio::write(socket, asio::buffer(bytes), ended);
  std::string reply;
  asio::read(socket, asio::dynamic_buffer(reply), ended);
  return reply;
}

Json body_of(const std::string& reply) {
  const auto json = parse_json(reply.substr(std::min(reply.find("\r\n\r\n"), reply.size() - 4) + 4));
  REQUIRE(json);
  return *json;
}

}  // namespace

TEST_CASE("The demo's tokens verify with its own key set and with no other") {
  const DemoSigner signer;
  for (int i = 0; i < 200; ++i) {  // one half in 128 of them has a number that needs padding
    const std::string token = signer.sign("{\"sub\":\"" + std::to_string(i) + "\"}");
    CHECK(verifies(signer.jwks(), token));
    if (i == 0) CHECK(!verifies(DemoSigner().jwks(), token));
  }
}

TEST_CASE("The sample upstream shows what it received") {
  const DemoUpstream upstream;
  const std::string reply = ask(upstream,
                                "POST /a?b=%22 HTTP/1.1\r\nHost: x\r\nX-Roles: a\r\nX-Roles: b\r\n"
                                "Connection: close\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(reply.starts_with("HTTP/1.1 200 OK\r\n"));
  const Json json = body_of(reply);
  CHECK(*json.find("method")->string() == "POST");
  CHECK(*json.find("path")->string() == "/a?b=%22");
  CHECK(*json.find("headers")->find("X-Roles")->string() == "a, b");
  CHECK(json.find("body_bytes")->as_double() == 5);
}

TEST_CASE("The sample upstream takes chunked bodies of any size, requests in a row, and HEAD") {
  const DemoUpstream upstream;
  std::string bytes =
      "HEAD /1 HTTP/1.1\r\nHost: x\r\n\r\nPUT /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
      "Connection: close\r\n\r\n";
  const std::string piece(0x10000, 'x');
  for (int i = 0; i < 40; ++i) bytes += "10000\r\n" + piece + "\r\n";
  const std::string reply = ask(upstream, bytes + "0\r\n\r\n");
  const std::size_t second = reply.find("HTTP/1.1 200 OK", 1);
  REQUIRE(second != std::string::npos);
  CHECK(reply.substr(0, second).ends_with("\r\n\r\n"));  // the answer to HEAD has no body
  CHECK(body_of(reply.substr(second)).find("body_bytes")->as_double() == 40 * 0x10000);
}

TEST_CASE("The sample upstream asks for a body that waits for that") {
  const DemoUpstream upstream;
  const std::string reply = ask(upstream,
                                "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n"
                                "Content-Length: 1\r\n\r\nx");
  CHECK(reply.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

}  // namespace postern::cli
