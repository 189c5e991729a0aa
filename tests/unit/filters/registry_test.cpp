#include "filters/registry.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

#include "tests/unit/filters/issuer.hpp"

using namespace postern;
using namespace postern::filters;

namespace {

conf::Route full_route() {
  conf::Route route;
  route.claim_headers = {{{std::string("sub")}, "X-User-Id", {}}};
  route.jwt.emplace();
  route.jwt->providers = {"shop"};
  route.cors.emplace();
  route.cors->origins = {"https://app.example.com"};
  return route;
}

std::vector<std::string_view> names_of(const Chain& chain) {
  std::vector<std::string_view> names;
  for (const auto& filter : chain) names.push_back(filter->name());
  return names;
}

// A configuration with a provider whose key is a secret.
conf::Config some_config() {
  conf::Config config;
  conf::Provider& provider = config.providers["shop"];
  provider.issuer.names = {std::string(test_issuer)};
  provider.audiences.names = {"orders-api"};
  provider.secret = Secret(mint::shared_key("HS256").secret);
  return config;
}

}  // namespace

TEST_CASE("a route's chain has its filters in the registry's order") {
  const conf::Config config = some_config();
  conf::Problems problems;
  const auto factory = make_filters(config, {}, problems);
  CHECK_FALSE(problems.any());
  CHECK(names_of(factory->make_chain(full_route())) == std::vector<std::string_view>{"cors", "jwt", "claim_headers"});
  conf::Route open;
  open.public_ = true;
  CHECK(factory->make_chain(open).empty());
}

TEST_CASE("a chain verifies a token and hands on the claims' headers, with the state that the factory makes") {
  const conf::Config config = some_config();
  conf::Problems problems;
  const auto factory = make_filters(config, {}, problems);
  const Chain chain = factory->make_chain(full_route());
  const auto state = factory->make_worker_state();
  const std::string authorization = "Bearer " + token("", "HS256");
  TestRequest request(static_cast<FilterWorkerState&>(*state));
  request.with("Authorization", authorization);
  for (const auto& filter : chain) CHECK(request.outcome(*filter) == "pass");
  REQUIRE(request.context.upstream_headers.size() == 1);
  CHECK(request.context.upstream_headers[0] == "X-User-Id: alice\r\n");
}

TEST_CASE("a worker's state that is retired keeps no token, and its requests go on") {
  const conf::Config config = some_config();
  conf::Problems problems;
  const auto factory = make_filters(config, {}, problems);
  const Chain chain = factory->make_chain(full_route());
  const auto made = factory->make_worker_state();
  auto& state = static_cast<FilterWorkerState&>(*made);
  const std::string authorization = "Bearer " + token("", "HS256");
  TestRequest before(state);
  before.with("Authorization", authorization);
  for (const auto& filter : chain) CHECK(before.outcome(*filter) == "pass");
  CHECK(state.tokens.size() == 1);
  made->retire();
  CHECK(state.tokens.size() == 0);
  for (const auto& filter : chain) CHECK(filter->still_allows(before.context));
  TestRequest after(state);
  after.with("Authorization", authorization);
  for (const auto& filter : chain) CHECK(after.outcome(*filter) == "pass");
}

TEST_CASE("unusable keys are problems of the configuration") {
  conf::Config config = some_config();
  config.providers["shop"].secret = Secret("short");
  conf::Problems problems;
  make_filters(config, {}, problems);
  CHECK(problems.any());
}
