// What a client gets that asks for a token of its own (RFC 6749 section 4.4). Pure.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "accounts/clients.hpp"
#include "filters/token_service/requests.hpp"

namespace postern::token_service {

struct ClientGrant {
  std::string scope;
  std::vector<std::string> audiences;
};

// Refuses client_not_allowed without the grant, scope_invalid beyond its scopes, request_malformed for an audience that
// is not the client's.
tl::expected<ClientGrant, Refusal> grant_to(const accounts::Client& client, const ClientCredentialsRequest& asked);

}  // namespace postern::token_service
