#include "gateway/redirect.hpp"

#include <doctest/doctest.h>

#include <memory_resource>

#include "gateway/http/target.hpp"

using namespace postern;

TEST_CASE("a redirect carries the request's path and query where its target says so") {
  http::RequestHead request;
  request.path = "/a/b";
  request.query = "x=1";
  request.has_query = true;
  CHECK(redirect_target({302, "https://shop.example{path}{query}"}, request) == "https://shop.example/a/b?x=1");
  CHECK(redirect_target({302, "/login"}, request) == "/login");
}

TEST_CASE("without a query nothing stands for it, and what is put in is not looked at again") {
  http::RequestHead request;
  request.path = "/{query}";
  CHECK(redirect_target({302, "{path}{query}!"}, request) == "/{query}!");
}

namespace {

// Where a request is sent whose Host (empty: it has none) and target are these; what is no request gives nothing.
std::string sent_to(std::string_view host, std::string_view target, std::uint16_t port = 443) {
  std::pmr::monotonic_buffer_resource memory;
  http::RequestHead request;
  if (!host.empty()) request.fields.add("Host", host);
  request.target = target;
  if (!http::judge_target(request, memory)) return {};
  const auto location = https_location(request, port);
  return location ? *location : location.error().detail;
}

}  // namespace

TEST_CASE("a request is sent to https at its own host, without the port that it came to") {
  CHECK(sent_to("shop.example", "/a/b") == "https://shop.example/a/b");
  CHECK(sent_to("Shop.Example.:8080", "/") == "https://Shop.Example./");
  CHECK(sent_to("127.0.0.1:80", "/") == "https://127.0.0.1/");
  CHECK(sent_to("[2001:db8::1]", "/") == "https://[2001:db8::1]/");
  CHECK(sent_to("[::1]:8080", "/x") == "https://[::1]/x");
}

TEST_CASE("a port of https that is not 443 is named") {
  CHECK(sent_to("shop.example:8080", "/a", 8443) == "https://shop.example:8443/a");
  CHECK(sent_to("[::1]:8080", "/a?b", 1) == "https://[::1]:1/a?b");
  CHECK(sent_to("shop.example:8443", "/a", 443) == "https://shop.example/a");
  CHECK(sent_to("shop.example", "/a", 65535) == "https://shop.example:65535/a");
}

TEST_CASE("a request is sent to the path that is judged and the query that it came with") {
  CHECK(sent_to("a.example", "/a?b=c%20d&e=[|\"]") == "https://a.example/a?b=c%20d&e=[|\"]");
  CHECK(sent_to("a.example", "/?") == "https://a.example/?");
  CHECK(sent_to("a.example", "/?//b.example/?x") == "https://a.example/?//b.example/?x");
  CHECK(sent_to("a.example", "/a%2fb%c3%a9;p") == "https://a.example/a%2Fb%C3%A9;p");
  CHECK(sent_to("a.example", "//b.example/%2e%2e/x") == "https://a.example/x");
  CHECK(sent_to("a.example", "/\\b.example").empty());
}

TEST_CASE("a target in absolute form is sent to its own host, which is the Host's") {
  CHECK(sent_to("a.example:8080", "http://a.example:8080/x?y") == "https://a.example/x?y");
  CHECK(sent_to("a.example", "https://a.example") == "https://a.example/");
  CHECK(sent_to("", "http://a.example:81/x") == "https://a.example/x");
  CHECK(sent_to("a.example", "http://b.example/x").empty());
}

TEST_CASE("a request without a host is sent nowhere") {
  CHECK(sent_to("", "/x") == "no Host to redirect to");
}

TEST_CASE("a listener redirects to 443 unless it names another port, and only where it says so") {
  conf::Listener listener;
  CHECK(https_port_of(listener) == 0);
  listener.redirect_to_https = true;
  CHECK(https_port_of(listener) == 443);
  listener.https_port = 8443;
  CHECK(https_port_of(listener) == 8443);
}
