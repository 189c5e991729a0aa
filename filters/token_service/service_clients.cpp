#include <utility>

#include "accounts/login_limits.hpp"
#include "filters/token_service/client_grant.hpp"
#include "filters/token_service/json_values.hpp"
#include "filters/token_service/millis.hpp"
#include "filters/token_service/revocation_times.hpp"
#include "filters/token_service/service.hpp"

namespace postern::token_service {
namespace {

tl::unexpected<Refusal> not_of_the_client() {
  return tl::unexpected(Refusal(Reason::client_not_allowed, "the token was issued to another client"));
}

}  // namespace

// A right secret is never held up, so that nothing is counted for it: a service asks many times at once, and whoever
// shares its address could lock it out. A secret of 32 bytes needs no such help against being guessed.
Task<Outcome<const accounts::Client*>> Service::authenticate(accounts::ClientProof proof, std::string address,
                                                             double now) const {
  const accounts::Client* const nobody = nullptr;
  if (proof.id.empty() || (proof.id == own_client && !proof.secret)) co_return nobody;
  const auto client = accounts::authenticate_client(clients_, proof);
  if (client) co_return *client;
  const conf::LoginLimits& limits = settings_.login_limits;
  const auto attempts = accounts::client_attempts_of(
      proof.id, address, {limits.user_and_address, limits.address, limits.user, limits.window.count()});
  const auto counted = co_await count_attempt(attempts, now);
  if (!counted) co_return tl::unexpected(counted.error());
  co_return tl::unexpected(client.error());
}

Task<Outcome<IssuedTokens>> Service::issue_to(const accounts::Client& client, ClientCredentialsRequest asked,
                                              double now) const {
  auto grant = grant_to(client, asked);
  if (!grant) co_return tl::unexpected(std::move(grant.error()));
  const Revocations& revocations = *shared_->revocations;
  AccessFacts facts = access_facts(revocations.issue_time(settings_.issuer, client.id, now, revocations.epoch()));
  facts.subject = client.id;  // RFC 9068 section 2.2
  facts.client = client.id;
  facts.scope = grant->scope;
  facts.audiences = std::move(grant->audiences);
  auto access_token = co_await sign(facts, now);
  if (!access_token) co_return tl::unexpected(access_token.error());
  IssuedTokens tokens;
  tokens.access_token = std::move(*access_token);
  tokens.expires_in = facts.expires - facts.issued_at;
  tokens.scope = std::move(grant->scope);
  co_return tokens;
}

Task<Outcome<state::Nothing>> Service::revoke_refresh_token(const state::RefreshTokenText& token,
                                                            const std::string& client, double now) const {
  const auto found = co_await find(token, client, now);
  if (!found) co_return tl::unexpected(found.error());
  if (found->presented == state::Presented::unknown || !found->family) co_return state::Nothing{};
  if (found->presented == state::Presented::other_client) co_return not_of_the_client();
  co_return co_await revoke(session_revocation(found->family->issuer, found->family->sid, to_millis(now)));
}

Task<Outcome<state::Nothing>> Service::revoke_access_token(const Json& claims, const std::string& client,
                                                           double now) const {
  if (text_of(claims, "client_id") != client) co_return not_of_the_client();
  state::Revocation revocation;
  revocation.kind = state::Revocation::Kind::jti;
  revocation.issuer = settings_.issuer;
  revocation.value = text_of(claims, "jti");
  revocation.until = access_tokens_gone_by(to_millis(now));
  co_return co_await revoke(std::move(revocation));
}

Task<Outcome<std::string>> Service::introspect_refresh_token(const state::RefreshTokenText& token, double now) const {
  const auto found = co_await find(token, std::string(own_client), now);
  if (!found) co_return tl::unexpected(found.error());
  if (found->presented != state::Presented::current) co_return inactive_reply();
  // As rotate() has it: nothing comes of one that began under another issuer.
  if (found->family->issuer != settings_.issuer) co_return inactive_reply();
  // Nor of one whose user is gone; it ends when somebody refreshes, as whoever asks here is not its user.
  if (accounts_ == nullptr) co_return inactive_reply();
  const auto claims = co_await accounts_->look_again(*found->family);
  if (!claims && claims.error().reason == Reason::refresh_token_invalid) co_return inactive_reply();
  if (!claims) co_return tl::unexpected(claims.error());
  co_return introspection_reply(*found->family, found->expires);
}

}  // namespace postern::token_service
