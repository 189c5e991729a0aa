#include "filters/sent_access.hpp"

#include <string>

#include "filters/jose/compact.hpp"
#include "filters/jose/verify.hpp"
#include "filters/key_wait.hpp"
#include "filters/token_service/json_values.hpp"

namespace postern::filters {

using token_service::Revocations, token_service::SentAccess, token_service::text_of;

namespace {

tl::expected<jose::Claims, Refusal> verify_once(jose::Token& token, const Provider& provider, FilterWorkerState& state,
                                                double now) {
  const keys::KeysPtr keys = provider.source->keys();
  if (keys == nullptr) return tl::unexpected(Refusal(Reason::keys_unavailable));
  return jose::verify(token, provider.rules, *keys, now, state.contexts);
}

SentAccess revoked_or_valid(const jose::Claims& claims, const Revocations& revocations, FilterWorkerState& state) {
  SentAccess sent;
  sent.sid = text_of(claims.json(), "sid");
  sent.subject = claims.subject();
  const state::Fingerprints prints = revocations.fingerprints(claims);
  Revocations::Clean never;
  const bool revoked = revocations.is_revoked(prints, never, state.revocations);
  sent.access = revoked ? state::Access::revoked : state::Access::valid;
  sent.session_revoked = revoked && revocations.is_session_revoked(prints);
  return sent;
}

}  // namespace

Task<tl::expected<jose::Claims, Refusal>> verify_by_newest_keys(jose::Token& token, const Provider& provider,
                                                                FilterWorkerState& state, double now) {
  KeyWait wait(provider, provider.source->version());
  auto claims = verify_once(token, provider, state, now);
  // What no key could make acceptable never causes a fetch.
  if (claims || !jose::worth_a_key_fetch(token, provider.rules, now)) co_return claims;
  while (!claims && lacks_key(claims.error().reason, token, provider)) {
    const bool newer = co_await wait.for_newer(claims.error().reason);
    if (!newer) break;
    claims = verify_once(token, provider, state, now);
  }
  if (!claims) co_return tl::unexpected(decided(std::move(claims.error()), token, provider));
  co_return claims;
}

Task<tl::expected<SentAccess, Refusal>> judge_sent_access(std::string_view text, const Provider& provider,
                                                          const token_service::Service& service,
                                                          FilterWorkerState& state, double now) {
  auto token = jose::parse_token(text, &state.headers);
  if (!token) co_return tl::unexpected(std::move(token.error()));
  const Revocations& revocations = *service.shared().revocations;
  // Such a key is left out of the keys soon, and then nothing else would tell what the token was. One that has expired
  // counts as none: the session goes on by its refresh token.
  if (revocations.is_own_key_revoked(token->jws.kid())) {
    if (jose::has_expired(*token, provider.rules, now)) co_return SentAccess();
    SentAccess of_stolen_key;
    of_stolen_key.access = state::Access::revoked;
    co_return of_stolen_key;
  }
  SentAccess sent;
  sent.sid = text_of(token->claims, "sid");
  sent.subject = text_of(token->claims, "sub");
  const auto claims = co_await verify_by_newest_keys(*token, provider, state, now);
  if (claims) co_return revoked_or_valid(*claims, revocations, state);
  // Time is judged after issuer, key and signature, so that what an expired one says may be believed.
  if (claims.error().reason == Reason::token_expired) {
    sent.access = state::Access::expired;
    co_return sent;
  }
  const bool key_is_gone = claims.error().reason == Reason::key_unknown;
  if (key_is_gone && jose::has_expired(*token, provider.rules, now)) co_return SentAccess();
  co_return tl::unexpected(claims.error());
}

}  // namespace postern::filters
