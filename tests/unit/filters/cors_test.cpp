#include "filters/cors.hpp"

#include <doctest/doctest.h>

#include <map>

#include "tests/unit/filters/request.hpp"

using namespace postern;
using namespace postern::filters;

namespace {

conf::Cors some_cors() {
  conf::Cors cors;
  cors.origins = {"https://app.example.com"};
  cors.origin_patterns = {*Pattern::compile("https://[a-z]+\\.example\\.org")};
  cors.allow_headers = {"Authorization", "X-Request-Id"};
  cors.expose_headers = {"X-Total", "ETag"};
  return cors;
}

std::unique_ptr<const Filter> make_filter(const conf::Cors& cors) {
  static const conf::Config config;
  conf::Route route;
  route.cors = cors;
  return make_cors(route, Build{config, {}});
}

using FieldMap = std::map<std::string, std::string>;

// The fields of the direct reply to a preflight from that origin.
FieldMap preflight(const conf::Cors& cors, std::string_view origin, unsigned* status = nullptr) {
  FilterWorkerState state;
  TestRequest request(state);
  request.method(http::Method::options).with("Origin", origin).with("Access-Control-Request-Method", "PUT");
  const Verdict verdict = request.run(*make_filter(cors));
  const auto* reply = std::get_if<DirectReply>(&verdict);
  REQUIRE(reply != nullptr);
  if (status != nullptr) *status = reply->status;
  return {reply->fields.begin(), reply->fields.end()};
}

// The response's fields after the filter, for a request from that origin (empty: without an Origin).
FieldMap response_to(const conf::Cors& cors, std::string_view origin, http::ResponseHead response = {}) {
  FilterWorkerState state;
  TestRequest request(state);
  if (!origin.empty()) request.with("Origin", origin);
  const auto filter = make_filter(cors);
  CHECK(request.outcome(*filter) == "pass");
  filter->on_response(request.context, response);
  FieldMap fields;
  for (const auto& field : response.fields) {
    if (!field.removed) fields.emplace(field.name, field.value);
  }
  return fields;
}

}  // namespace

TEST_CASE("a preflight of an allowed origin is answered with all it asks for") {
  unsigned status = 0;
  const auto fields = preflight(some_cors(), "https://app.example.com", &status);
  CHECK(status == 204);
  CHECK(fields == FieldMap{{"Vary", "Origin"},
                           {"Access-Control-Allow-Origin", "https://app.example.com"},
                           {"Access-Control-Allow-Methods", "GET, HEAD, POST"},
                           {"Access-Control-Allow-Headers", "Authorization, X-Request-Id"},
                           {"Access-Control-Max-Age", "600"}});
}

TEST_CASE("a preflight of another origin is answered without the allowing fields") {
  for (const char* origin : {"https://evil.example", "null", "http://app.example.com", "https://app.example.com:8443",
                             "https://app.example.com.evil.example", "https://x.example.org.evil.example"}) {
    unsigned status = 0;
    CHECK(preflight(some_cors(), origin, &status) == FieldMap{{"Vary", "Origin"}});
    CHECK(status == 204);
  }
}

TEST_CASE("a pattern matches the whole origin") {
  CHECK(preflight(some_cors(), "https://shop.example.org").count("Access-Control-Allow-Origin") == 1);
  CHECK(preflight(some_cors(), "https://shop.example.org:1").count("Access-Control-Allow-Origin") == 0);
}

TEST_CASE("OPTIONS without Access-Control-Request-Method or Origin is an ordinary request") {
  const auto filter = make_filter(some_cors());
  FilterWorkerState state;
  TestRequest without_method(state);
  without_method.method(http::Method::options).with("Origin", "https://app.example.com");
  CHECK(without_method.outcome(*filter) == "pass");
  TestRequest without_origin(state);
  without_origin.method(http::Method::options).with("Access-Control-Request-Method", "PUT");
  CHECK(without_origin.outcome(*filter) == "pass");
  CHECK(filter->answers_preflight());
}

TEST_CASE("only OPTIONS is a preflight, whatever its fields") {
  for (const http::Method method : {http::Method::get, http::Method::post}) {
    FilterWorkerState state;
    TestRequest request(state);
    request.method(method).with("Origin", "https://app.example.com").with("Access-Control-Request-Method", "PUT");
    CHECK(request.outcome(*make_filter(some_cors())) == "pass");
  }
}

TEST_CASE("what is the same for any origin does not vary by it") {
  conf::Cors cors = some_cors();
  cors.origins = {"*"};
  CHECK(preflight(cors, "https://evil.example").count("Vary") == 0);
  CHECK(response_to(cors, "https://evil.example").count("Vary") == 0);
}

TEST_CASE("a response, a refusal too, tells an allowed origin what it may see") {
  http::ResponseHead refusal;
  refusal.status = 401;
  const auto fields = response_to(some_cors(), "https://app.example.com", refusal);
  CHECK(fields == FieldMap{{"Vary", "Origin"},
                           {"Access-Control-Allow-Origin", "https://app.example.com"},
                           {"Access-Control-Expose-Headers", "X-Total, ETag"}});
  CHECK(response_to(some_cors(), "https://evil.example") == FieldMap{{"Vary", "Origin"}});
}

TEST_CASE("a response varies by Origin even to a request without one") {
  CHECK(response_to(some_cors(), "") == FieldMap{{"Vary", "Origin"}});
}

TEST_CASE("a response that varies by Origin already is not told so twice") {
  http::ResponseHead response;
  response.fields.add("vary", "Accept-Encoding, origin");
  CHECK(response_to(some_cors(), "", response) == FieldMap{{"vary", "Accept-Encoding, origin"}});
  http::ResponseHead by_all;
  by_all.fields.add("vary", "*");
  CHECK(response_to(some_cors(), "", by_all) == FieldMap{{"vary", "*"}});
}

TEST_CASE("a Vary that another filter removed varies by nothing") {
  http::ResponseHead response;
  response.fields.add("vary", "origin");
  for (http::Field& field : response.fields) field.removed = true;
  CHECK(response_to(some_cors(), "", response) == FieldMap{{"Vary", "Origin"}});
}

TEST_CASE("what the upstream says about CORS is dropped") {
  http::ResponseHead response;
  response.fields.add("access-control-allow-origin", "*");
  response.fields.add("Access-Control-Allow-Credentials", "true");
  response.fields.add("X-Other", "stays");
  CHECK(response_to(some_cors(), "https://evil.example", response) ==
        FieldMap{{"Vary", "Origin"}, {"X-Other", "stays"}});
}

TEST_CASE("credentials are allowed to allowed origins only") {
  conf::Cors cors = some_cors();
  cors.credentials = true;
  CHECK(preflight(cors, "https://app.example.com").at("Access-Control-Allow-Credentials") == "true");
  CHECK(response_to(cors, "https://app.example.com").at("Access-Control-Allow-Credentials") == "true");
  CHECK(preflight(cors, "https://evil.example").count("Access-Control-Allow-Credentials") == 0);
  CHECK(response_to(cors, "https://evil.example").count("Access-Control-Allow-Credentials") == 0);
}

TEST_CASE("the star allows every origin, with a response that varies by nothing") {
  conf::Cors cors;
  cors.origins = {"*"};
  CHECK(response_to(cors, "https://any.example") == FieldMap{{"Access-Control-Allow-Origin", "*"}});
  CHECK(response_to(cors, "") == FieldMap{{"Access-Control-Allow-Origin", "*"}});
  CHECK(preflight(cors, "https://any.example").at("Access-Control-Allow-Origin") == "*");
}

TEST_CASE("two Origin fields are no allowed origin") {
  FilterWorkerState state;
  TestRequest request(state);
  request.method(http::Method::options).with("Access-Control-Request-Method", "PUT");
  request.with("Origin", "https://app.example.com").with("Origin", "https://app.example.com");
  const Verdict verdict = request.run(*make_filter(some_cors()));
  CHECK(std::get<DirectReply>(verdict).fields.size() == 1);
}

TEST_CASE("the answer to a preflight is left as it is on its way back") {
  FilterWorkerState state;
  TestRequest request(state);
  request.method(http::Method::options).with("Origin", "https://app.example.com");
  request.with("Access-Control-Request-Method", "PUT");
  http::ResponseHead response;
  response.fields.add("Access-Control-Allow-Methods", "GET");
  make_filter(some_cors())->on_response(request.context, response);
  CHECK(response.fields.size() == 1);
  CHECK_FALSE(response.fields.begin()->removed);
}
