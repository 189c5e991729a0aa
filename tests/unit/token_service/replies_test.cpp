#include "filters/token_service/replies.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {
namespace {

IssuedTokens issued() {
  return {"2YotnFZFEjr1zCsicMWpAA", 3600, Secret("tGzv3JOkF0XG5Qx2TlKWIA"), 432000, "read write"};
}

}  // namespace

TEST_CASE("Tokens are answered as RFC 6749 section 5.1 says, with the refresh token's lifetime") {
  CHECK(token_reply(issued(), Delivery::json) ==
        R"({"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600,)"
        R"("refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA","refresh_expires_in":432000,"scope":"read write"})");
  CHECK(token_reply(issued(), Delivery::both) == token_reply(issued(), Delivery::json));
}

TEST_CASE("With cookies alone no token stands in the body") {
  CHECK(token_reply(issued(), Delivery::cookies) ==
        R"({"token_type":"Bearer","expires_in":3600,"refresh_expires_in":432000,"scope":"read write"})");
}

TEST_CASE("Without a refresh token or scope nothing is said of them") {
  CHECK(token_reply({"a", 59.9, std::nullopt, 0, ""}, Delivery::json) ==
        R"({"access_token":"a","token_type":"Bearer","expires_in":59})");
}

TEST_CASE("Introspection tells the claims of RFC 7662 section 2.2 and no others") {
  const Json claims = parse_json(R"({"iss":"i","sub":"s","aud":["a","b"],"client_id":"c","iat":1,"exp":2,"nbf":1,)"
                                 R"("jti":"j","sid":"f","email":"e","active":false,"scope":"x"})")
                          .value();
  const Json reply = parse_json(introspection_reply(claims)).value();
  CHECK(reply == parse_json(R"({"active":true,"token_type":"Bearer","scope":"x","client_id":"c","exp":2,"iat":1,)"
                            R"("nbf":1,"sub":"s","aud":["a","b"],"iss":"i","jti":"j"})")
                     .value());
}

TEST_CASE("Of a refresh token introspection tells whose it is, until when, and its scope where it has one") {
  state::Family family;
  family.sid = "f";
  family.subject = "s";
  family.client = "c";
  family.claims = R"({"username":"u"})";
  CHECK(introspection_reply(family, 1'700'000'000'999) ==
        R"({"active":true,"sub":"s","client_id":"c","exp":1700000000})");
  family.scope = "x y";
  CHECK(introspection_reply(family, 1000) == R"({"active":true,"sub":"s","client_id":"c","exp":1,"scope":"x y"})");
}

TEST_CASE("An inactive token is told as that alone") {
  CHECK(inactive_reply() == R"({"active":false})");
}

TEST_CASE("The metadata has the members of RFC 8414 section 2") {
  const Json metadata = parse_json(metadata_reply({"https://id.example.com/t1",
                                                   "https://id.example.com/auth",
                                                   {"read", "write"},
                                                   {"refresh_token", "client_credentials"}}))
                            .value();
  CHECK(metadata == parse_json(R"({
    "issuer": "https://id.example.com/t1",
    "token_endpoint": "https://id.example.com/auth/token",
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    "revocation_endpoint": "https://id.example.com/auth/revoke",
    "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    "introspection_endpoint": "https://id.example.com/auth/introspect",
    "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "jwks_uri": "https://id.example.com/auth/jwks.json",
    "grant_types_supported": ["refresh_token", "client_credentials"],
    "response_types_supported": [],
    "scopes_supported": ["read", "write"]
  })")
                        .value());
}

TEST_CASE("Where nothing can be refreshed nobody may come without a client") {
  const Json metadata = parse_json(metadata_reply({"https://i", "https://i/auth", {}, {"client_credentials"}})).value();
  const Json proofs = parse_json(R"(["client_secret_basic", "client_secret_post"])").value();
  for (const char* name : {"token", "revocation", "introspection"}) {
    const Json* told = metadata.find(std::string(name) + "_endpoint_auth_methods_supported");
    REQUIRE(told != nullptr);
    CHECK(*told == proofs);
  }
}

TEST_CASE("Metadata without scopes leaves them out, as RFC 8414 section 3.2 wants empty lists") {
  CHECK(parse_json(metadata_reply({"https://i", "https://i/auth", {}, {}})).value().find("scopes_supported") ==
        nullptr);
}

}  // namespace postern::token_service
