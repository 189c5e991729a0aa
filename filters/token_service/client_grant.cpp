#include "filters/token_service/client_grant.hpp"

#include <algorithm>
#include <utility>

namespace postern::token_service {
namespace {

bool holds(const std::vector<std::string>& list, const std::string& element) {
  return std::find(list.begin(), list.end(), element) != list.end();
}

std::string joined(const std::vector<std::string>& scopes) {
  std::string text;
  for (const std::string& scope : scopes) text.append(text.empty() ? "" : " ").append(scope);
  return text;
}

}  // namespace

tl::expected<ClientGrant, Refusal> grant_to(const accounts::Client& client, const ClientCredentialsRequest& asked) {
  if (!holds(client.grants, "client_credentials")) {
    return tl::unexpected(Refusal(Reason::client_not_allowed, "client_credentials is no grant of the client"));
  }
  auto scope = narrow_scope(asked.scope, joined(client.scopes));
  if (!scope) return tl::unexpected(std::move(scope.error()));
  if (asked.audience.empty()) return ClientGrant{std::move(*scope), client.audiences};
  if (!holds(client.audiences, asked.audience)) {
    return tl::unexpected(Refusal(Reason::request_malformed, "no audience of the client"));
  }
  return ClientGrant{std::move(*scope), {asked.audience}};
}

}  // namespace postern::token_service
