// Two routes that could not be told apart.
#include "sample.hpp"

using namespace postern::conf;

namespace {

// The complaints of two public routes with these matches.
Lines pair(const std::string& first, const std::string& second) {
  return complaints(
      "listeners: [{address: \"127.0.0.1:1\"}]\nupstreams: {u: {endpoints: [http://a]}}\nroutes:\n  - {name: one, "
      "match: {" +
      first + "}, upstream: u, public: true}\n  - {name: two, match: {" + second + "}, upstream: u, public: true}\n");
}

const Lines same_requests = {
    "routes[1].match: takes the same requests as the route `one`, and neither is more specific"};

}  // namespace

TEST_CASE("route names are unique and fit for labels") {
  Sample sample;
  sample.policy = "jwt: {providers: [shop]}, upstream: orders}, {name: r, match: {path: /x}, public: true";
  CHECK(complaints(sample) == Lines{"routes[1].name: is the name of another route, routes[0]"});
}

TEST_CASE("two routes that take the same requests are refused") {
  CHECK(pair("path: /a", "path: /a") == same_requests);
  CHECK(pair("path_prefix: /a", "path_prefix: /a") == same_requests);
  CHECK(pair("path_prefix: /", "methods: [GET], host: a.example") == Lines{});
  CHECK(pair("host: a.example", "host: a.example, path_prefix: /") == same_requests);
  CHECK(pair("path_template: '/a/{x}'", "path_template: '/a/{y}'") == same_requests);
  CHECK(pair("path_template: /a", "path: /a") == same_requests);
  CHECK(pair("path: /a, methods: [GET, POST]", "path: /a, methods: [POST, PUT]") == same_requests);
  CHECK(pair("host: [a.example, b.example]", "host: [B.example, c.example]") == same_requests);
  CHECK(pair("headers: {X-A: '1', X-B: '2'}", "headers: {x-b: '2', x-a: '1'}") == same_requests);
}

TEST_CASE("routes of which one is more specific stand side by side") {
  CHECK(pair("path: /a", "path_prefix: /a") == Lines{});
  CHECK(pair("path: /a", "path: /A") == Lines{});
  CHECK(pair("path_prefix: /a", "path_prefix: /a/") == Lines{});
  CHECK(pair("path: /a", "path: /a, methods: [GET]") == Lines{});
  CHECK(pair("path: /a, methods: [GET]", "path: /a, methods: [POST]") == Lines{});
  CHECK(pair("path: /a, host: x.example", "path: /a") == Lines{});
  CHECK(pair("path: /a, headers: {X: a}", "path: /a, headers: {X: b}") == Lines{});
  CHECK(pair("path_template: '/{a}/b'", "path_template: '/b/{a}'") == Lines{});
}
