#include "filters/claim_headers.hpp"

#include <doctest/doctest.h>

#include "tests/unit/filters/issuer.hpp"

using namespace postern;
using namespace postern::filters;

namespace {

conf::ClaimHeader mapping(std::string claim, std::string header, std::optional<conf::ClaimFormat> format = {}) {
  return {{std::move(claim)}, std::move(header), format};
}

std::string block(const std::vector<conf::ClaimHeader>& headers, std::string_view more, std::size_t limit = 8192) {
  const auto written = write_claim_headers(make_claim_mappings(headers), verified(more), limit);
  return written ? *written : "(" + std::string(code_of(written.error().reason)) + ")";
}

std::unique_ptr<const Filter> make_headers(const std::vector<conf::ClaimHeader>& headers) {
  static const conf::Config config;
  conf::Route route;
  route.claim_headers = headers;
  return make_claim_headers(route, Build{config, {}});
}

}  // namespace

TEST_CASE("each mapped claim that is there becomes a header, in the order of the configuration") {
  CHECK(block({mapping("realm_access.roles", "X-Roles"), mapping("sub", "X-User-Id"), mapping("nope", "X-Nope"),
               mapping("nil", "X-Nil")},
              R"("realm_access":{"roles":["a","b"]},"nil":null)") == "X-Roles: a,b\r\nX-User-Id: alice\r\n");
}

TEST_CASE("a literal member name wins over the path, and a list of segments is exact") {
  CHECK(block({mapping("a.b", "X-A")}, R"("a.b":"literal","a":{"b":"path"})") == "X-A: literal\r\n");
  CHECK(block({{{std::vector<std::string>{"a", "b.c"}}, "X-A", {}}}, R"("a":{"b.c":"deep"})") == "X-A: deep\r\n");
}

TEST_CASE("repeated is one header for each element") {
  CHECK(block({mapping("roles", "X-Role", conf::ClaimFormat::repeated)}, R"("roles":["a","b"])") ==
        "X-Role: a\r\nX-Role: b\r\n");
}

TEST_CASE("the star is the base64 of exactly the bytes that were signed") {
  CHECK(block({mapping("*", "X-Claims")}, R"("x" :  1.0)") ==
        "X-Claims: " + encode_base64(payload(R"("x" :  1.0)")) + "\r\n");
}

TEST_CASE("the star has another format where one is named") {
  const std::string written = block({mapping("*", "X-Claims", conf::ClaimFormat::json)}, R"("x":1)");
  CHECK(written.starts_with("X-Claims: {"));
  CHECK(written.find(R"("x":1)") != written.npos);
}

TEST_CASE("a claim that its format cannot carry is claim_unusable and named") {
  const auto mappings = make_claim_mappings({mapping("name", "X-Name")});
  const auto written = write_claim_headers(mappings, verified(R"("name":"a\r\nX-Admin: 1")"), 8192);
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().reason == Reason::claim_unusable);
  CHECK(written.error().detail == "claim name holds CR, LF or NUL");
}

TEST_CASE("an unmapped claim may hold anything") {
  CHECK(block({mapping("sub", "X-User-Id")}, R"("name":"a\r\nX-Admin: 1")") == "X-User-Id: alice\r\n");
}

TEST_CASE("all headers together may have the limit's bytes and not one more") {
  const std::vector<conf::ClaimHeader> headers = {mapping("sub", "X-A"), mapping("sub", "X-B")};
  const std::string whole = "X-A: alice\r\nX-B: alice\r\n";
  CHECK(block(headers, "", whole.size()) == whole);
  CHECK(block(headers, "", whole.size() - 1) == "(claim_unusable)");
}

TEST_CASE("the filter hands on one ready-made block, rendered once for an identity") {
  const auto filter = make_headers({mapping("sub", "X-User-Id")});
  FilterWorkerState state;
  TestRequest first(state), second(state);
  first.context.identity = second.context.identity = std::make_shared<Identity>(identity_of(verified()));
  CHECK(first.outcome(*filter) == "pass");
  CHECK(second.outcome(*filter) == "pass");
  REQUIRE(first.context.upstream_headers.size() == 1);
  CHECK(first.context.upstream_headers[0] == "X-User-Id: alice\r\n");
  CHECK(first.context.upstream_headers[0].data() == second.context.upstream_headers[0].data());
}

TEST_CASE("two filters over one identity each have their own block") {
  const auto one = make_headers({mapping("sub", "X-One")});
  const auto two = make_headers({mapping("sub", "X-Two")});
  FilterWorkerState state;
  TestRequest request(state);
  request.context.identity = std::make_shared<Identity>(identity_of(verified()));
  CHECK(request.outcome(*one) == "pass");
  CHECK(request.outcome(*two) == "pass");
  REQUIRE(request.context.upstream_headers.size() == 2);
  CHECK(request.context.upstream_headers[0] == "X-One: alice\r\n");
  CHECK(request.context.upstream_headers[1] == "X-Two: alice\r\n");
}

TEST_CASE("an unusable claim refuses each request and sends no header") {
  const auto filter = make_headers({mapping("name", "X-Name")});
  FilterWorkerState state;
  const auto identity = std::make_shared<Identity>(identity_of(verified(R"("name":"a\u0000b")")));
  for (int i = 0; i < 2; ++i) {
    TestRequest request(state);
    request.context.identity = identity;
    CHECK(request.outcome(*filter) == "claim_unusable");
    CHECK(request.context.upstream_headers.empty());
    CHECK(request.context.decision.reason == Reason::claim_unusable);
    CHECK_FALSE(request.context.decision.detail.empty());
  }
}

TEST_CASE("without an identity, or with none of the claims, there is no header") {
  const auto filter = make_headers({mapping("nope", "X-Nope")});
  FilterWorkerState state;
  TestRequest anonymous(state);
  CHECK(anonymous.outcome(*filter) == "pass");
  CHECK(anonymous.context.upstream_headers.empty());
  TestRequest poor(state);
  poor.context.identity = std::make_shared<Identity>(identity_of(verified()));
  CHECK(poor.outcome(*filter) == "pass");
  CHECK(poor.context.upstream_headers.empty());
}

TEST_CASE("every header that can be injected is named, so that clients' copies are removed") {
  CHECK(make_headers({mapping("sub", "X-User-Id"), mapping("*", "X-Claims")})->injected_headers() ==
        std::vector<std::string>{"X-User-Id", "X-Claims"});
}

TEST_CASE("claims can be asked again after their header lines were made") {
  Identity identity = identity_of(verified(R"("roles":["a","b"])"));
  const Json before = identity.claims().json();
  int made = 0;
  const auto make = [&]() -> HeaderBlock {
    ++made;
    return "X: y\r\n";
  };
  for (int i = 0; i < 2; ++i) CHECK(identity.header_block(&made, make).value() == "X: y\r\n");
  CHECK(made == 1);
  CHECK(identity.claims().json() == before);
  CHECK(identity.claims().subject() == "alice");
}
