// OAuth clients (RFC 6749 section 2) and how they prove themselves. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/digest.hpp"
#include "base/reason.hpp"
#include "base/secret.hpp"

namespace postern::accounts {

struct Client {
  std::string id;
  Sha256 secret_hash{};  // secrets have at least 32 random characters, so that no slower hash is needed
  std::vector<std::string> grants, scopes, audiences;
  bool introspect = false;  // may ask about tokens of others
};

// What a request says of its client.
struct ClientProof {
  std::string id;                // empty: nothing was said
  std::optional<Secret> secret;  // none: a public client, or the first-party one
};

// `Authorization: Basic` with id and secret form-urlencoded (section 2.3.1), or `client_id` and `client_secret` of the
// body. All three are empty when they were not given; an empty secret is none. client_invalid for another scheme and
// for a Basic that cannot be read; request_malformed when both ways are used (section 2.3), with the exception of a
// `client_id` that is the header's, and for a secret without an id.
tl::expected<ClientProof, Refusal> read_client_proof(std::string_view authorization, std::string_view body_id,
                                                     std::string_view body_secret);

// The client that it is, or client_invalid, also when there is no secret. Compared in constant time, for an unknown id
// as well.
tl::expected<const Client*, Refusal> authenticate_client(const std::vector<Client>& clients, const ClientProof& proof);

}  // namespace postern::accounts
