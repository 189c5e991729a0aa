#include "filters/token_service/clients.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "base/temporary_folder.hpp"

namespace postern::token_service {
namespace {

conf::TokenService with(conf::TokenClient client) {
  conf::TokenService settings;
  settings.audiences = {"shop", "orders"};
  client.id = "batch";
  settings.clients.push_back(std::move(client));
  return settings;
}

conf::TokenService with_secret(std::string secret) {
  conf::TokenClient client;
  client.secret = Secret(std::move(secret));
  return with(std::move(client));
}

std::string complaint_about(const conf::TokenService& settings) {
  conf::Problems problems;
  load_clients(settings, problems);
  return problems.any() ? problems.errors().front().path + ": " + problems.errors().front().message : "";
}

// A file with these bytes, for as long as it lives.
struct SecretFile {
  explicit SecretFile(const std::string& bytes) { folder.write("secret", bytes); }

  std::filesystem::path file() const { return folder.path() / "secret"; }
  conf::TokenService settings() const {
    conf::TokenClient client;
    client.secret_file = {"secret", file().string()};
    return with(std::move(client));
  }

  TemporaryFolder folder{"postern-clients-"};
};

}  // namespace

TEST_CASE("A client's secret has 32 bytes, one less is told with its place and without its bytes") {
  CHECK(complaint_about(with_secret(std::string(32, 'x'))) == "");
  CHECK(complaint_about(with_secret(std::string(31, 'x'))) ==
        "token_service.clients[0].secret: the secret has 31 bytes, and needs at least 32");
  CHECK(complaint_about(SecretFile(std::string(32, 'x') + "\n").settings()) == "");
  CHECK(complaint_about(SecretFile(std::string(31, 'x') + "\n").settings()) ==
        "token_service.clients[0].secret_file: the secret has 31 bytes, and needs at least 32");
}

TEST_CASE("A secret's file that cannot be read is told with its place") {
  const SecretFile secret("");
  std::filesystem::remove(secret.file());
  CHECK(complaint_about(secret.settings()).starts_with("token_service.clients[0].secret_file: "));
}

TEST_CASE("A client is known by its secret, from the configuration or a file less its final newline") {
  const std::string text = "the secret of the batch, 32 bytes and more";
  const SecretFile file(text + "\n");
  for (const conf::TokenService& settings : {with_secret(text), file.settings()}) {
    conf::Problems problems;
    const auto clients = load_clients(settings, problems);
    CHECK_FALSE(problems.any());
    CHECK(accounts::authenticate_client(clients, {"batch", Secret(text)}));
    CHECK_FALSE(accounts::authenticate_client(clients, {"batch", Secret(text + "\n")}));
  }
}

TEST_CASE("A client without audiences has the service's") {
  conf::Problems problems;
  conf::TokenService settings = with_secret(std::string(32, 'x'));
  CHECK(load_clients(settings, problems).front().audiences == std::vector<std::string>{"shop", "orders"});
  settings.clients.front().audiences = {"orders"};
  CHECK(load_clients(settings, problems).front().audiences == std::vector<std::string>{"orders"});
}

}  // namespace postern::token_service
