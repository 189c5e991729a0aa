#include "filters/token_service/client_grant.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {
namespace {

accounts::Client batch() {
  accounts::Client client;
  client.id = "batch";
  client.grants = {"client_credentials"};
  client.scopes = {"read", "write"};
  client.audiences = {"shop", "orders"};
  return client;
}

Reason refusal_of(const accounts::Client& client, const ClientCredentialsRequest& asked) {
  const auto grant = grant_to(client, asked);
  return grant ? Reason::accepted : grant.error().reason;
}

}  // namespace

TEST_CASE("A client that asks for nothing gets all its scopes and audiences") {
  const auto grant = grant_to(batch(), {});
  REQUIRE(grant);
  CHECK(grant->scope == "read write");
  CHECK(grant->audiences == std::vector<std::string>{"shop", "orders"});
}

TEST_CASE("A client may ask for fewer scopes and one audience, and for no others") {
  const auto grant = grant_to(batch(), {"write", "orders"});
  REQUIRE(grant);
  CHECK(grant->scope == "write");
  CHECK(grant->audiences == std::vector<std::string>{"orders"});
  CHECK(refusal_of(batch(), {"write admin", ""}) == Reason::scope_invalid);
  CHECK(refusal_of(batch(), {"", "other"}) == Reason::request_malformed);
  CHECK(refusal_of(batch(), {"", "shop orders"}) == Reason::request_malformed);
}

TEST_CASE("A client without scopes gets a token without, and may ask for none") {
  accounts::Client client = batch();
  client.scopes.clear();
  CHECK(grant_to(client, {})->scope.empty());
  CHECK(refusal_of(client, {"read", ""}) == Reason::scope_invalid);
}

TEST_CASE("A client without the grant gets nothing") {
  accounts::Client client = batch();
  client.grants.clear();
  CHECK(refusal_of(client, {}) == Reason::client_not_allowed);
}

}  // namespace postern::token_service
