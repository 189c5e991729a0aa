#include "filters/token_service/metadata.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {
namespace {

conf::TokenClient client(std::vector<std::string> grants, std::vector<std::string> scopes) {
  conf::TokenClient client;
  client.grants = std::move(grants);
  client.scopes = std::move(scopes);
  return client;
}

}  // namespace

TEST_CASE("The endpoints are told at the issuer's origin, without its path") {
  conf::TokenService settings;
  settings.path = "/auth";
  const auto base = [&](const char* issuer) {
    settings.issuer = issuer;
    return metadata_facts(settings).base;
  };
  CHECK(base("https://id.example.com") == "https://id.example.com/auth");
  CHECK(base("https://id.example.com/t1/") == "https://id.example.com/auth");
  CHECK(base("http://127.0.0.1:8080/t1") == "http://127.0.0.1:8080/auth");
  CHECK(metadata_facts(settings).issuer == "http://127.0.0.1:8080/t1");
}

TEST_CASE("Grants and scopes are those of any client, each once, and logins can always be refreshed") {
  conf::TokenService settings;
  settings.users_file.written = "users.yaml";
  CHECK(metadata_facts(settings).grants == std::vector<std::string>{"refresh_token"});
  settings.clients = {client({"client_credentials"}, {"read", "write"}), client({}, {}),
                      client({"client_credentials"}, {"write", "admin"})};
  const MetadataFacts facts = metadata_facts(settings);
  CHECK(facts.grants == std::vector<std::string>{"refresh_token", "client_credentials"});
  CHECK(facts.scopes == std::vector<std::string>{"read", "write", "admin"});
}

TEST_CASE("Without users nothing can be refreshed") {
  conf::TokenService settings;
  settings.clients = {client({"client_credentials"}, {})};
  CHECK(metadata_facts(settings).grants == std::vector<std::string>{"client_credentials"});
}

}  // namespace postern::token_service
