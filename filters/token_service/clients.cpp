#include "filters/token_service/clients.hpp"

#include <string>
#include <tl/expected.hpp>

#include "conf/load.hpp"
#include "conf/tree.hpp"

namespace postern::token_service {
namespace {

tl::expected<Secret, std::string> read_secret(const conf::TokenClient& client) {
  if (client.secret_file.empty()) return client.secret;
  return conf::read_secret(client.secret_file.resolved, conf::SecretEncoding::raw);
}

}  // namespace

std::vector<accounts::Client> load_clients(const conf::TokenService& settings, conf::Problems& problems) {
  std::vector<accounts::Client> clients;
  for (const conf::TokenClient& written : settings.clients) {
    const std::string path = conf::item_path("token_service.clients", clients.size()) +
                             (written.secret_file.empty() ? ".secret" : ".secret_file");
    const auto secret = read_secret(written);
    if (!secret) {
      problems.add(path, secret.error());
    } else if (secret->reveal().size() < least_secret_bytes) {
      problems.add(path, "the secret has " + std::to_string(secret->reveal().size()) + " bytes, and needs at least " +
                             std::to_string(least_secret_bytes));
    }
    clients.push_back({written.id, sha256(secret ? secret->reveal() : std::string_view()), written.grants,
                       written.scopes, written.audiences.empty() ? settings.audiences : written.audiences,
                       written.introspect});
  }
  return clients;
}

}  // namespace postern::token_service
