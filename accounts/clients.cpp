#include "accounts/clients.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/percent.hpp"

namespace postern::accounts {
namespace {

tl::unexpected<Refusal> no_client(std::string detail) {
  return tl::unexpected(Refusal(Reason::client_invalid, std::move(detail)));
}

tl::unexpected<Refusal> malformed(std::string detail) {
  return tl::unexpected(Refusal(Reason::request_malformed, std::move(detail)));
}

// What follows `Basic` and its spaces (RFC 7617); nothing for another scheme.
std::optional<std::string_view> basic_credentials(std::string_view authorization) {
  constexpr std::string_view scheme = "basic ";
  if (lower(authorization.substr(0, scheme.size())) != scheme) return std::nullopt;
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' ', scheme.size()), authorization.size()));
  return authorization;
}

std::optional<Secret> secret_of(std::string text) {
  return text.empty() ? std::nullopt : std::optional(Secret(std::move(text)));
}

tl::expected<ClientProof, Refusal> read_header(std::string_view authorization) {
  const auto encoded = basic_credentials(authorization);
  if (!encoded) return no_client("the Authorization is of another scheme than Basic");
  auto bytes = decode_base64(*encoded);
  if (!bytes) return no_client("the Basic credentials are not base64");
  const Secret decoded(std::move(*bytes));
  const std::string_view pair = decoded.reveal();
  const auto colon = pair.find(':');
  if (colon == pair.npos) return no_client("the Basic credentials have no colon");
  auto id = decode_form(pair.substr(0, colon));
  auto secret = decode_form(pair.substr(colon + 1));
  if (!id || !secret) return no_client("the Basic credentials are not form-urlencoded");
  if (id->empty()) return no_client("the Basic credentials have no client id");
  return ClientProof{std::move(*id), secret_of(std::move(*secret))};
}

}  // namespace

tl::expected<ClientProof, Refusal> read_client_proof(std::string_view authorization, std::string_view body_id,
                                                     std::string_view body_secret) {
  if (authorization.empty()) {
    if (body_id.empty() && !body_secret.empty()) return malformed("there is a client_secret without a client_id");
    return ClientProof{std::string(body_id), secret_of(std::string(body_secret))};
  }
  auto proof = read_header(authorization);
  if (!proof) return proof;
  if (!body_secret.empty()) return malformed("the client proves itself by header and by body");
  if (!body_id.empty() && body_id != proof->id) return malformed("the client_id is not that of the Authorization");
  return proof;
}

tl::expected<const Client*, Refusal> authenticate_client(const std::vector<Client>& clients, const ClientProof& proof) {
  static const Client nobody;
  const auto found = std::find_if(clients.begin(), clients.end(), [&](const Client& c) { return c.id == proof.id; });
  const Client& client = found != clients.end() ? *found : nobody;
  const Sha256 given = sha256(proof.secret ? proof.secret->reveal() : std::string_view());
  const bool is_equal = equal_in_constant_time(bytes_of(given), bytes_of(client.secret_hash));
  if (found == clients.end()) return no_client("there is no such client");
  if (!proof.secret) return no_client("the client gives no secret");
  if (!is_equal) return no_client("the client's secret is wrong");
  return &client;
}

}  // namespace postern::accounts
