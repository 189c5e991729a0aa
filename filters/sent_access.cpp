#include "filters/sent_access.hpp"

#include "filters/jose/compact.hpp"
#include "filters/jose/verify.hpp"
#include "filters/token_service/json_values.hpp"

namespace postern::filters {

using token_service::Revocations, token_service::SentAccess, token_service::text_of;

tl::expected<SentAccess, Refusal> judge_sent_access(std::string_view text, const Provider& provider,
                                                    const Revocations& revocations, FilterWorkerState& state,
                                                    double now) {
  auto token = jose::parse_token(text, &state.headers);
  if (!token) return tl::unexpected(std::move(token.error()));
  const keys::KeysPtr keys = provider.source->keys();
  if (keys == nullptr) return tl::unexpected(Refusal(Reason::keys_unavailable));
  SentAccess sent;
  sent.sid = text_of(token->claims, "sid");
  sent.subject = text_of(token->claims, "sub");
  const auto claims = jose::verify(*token, provider.rules, *keys, now, state.contexts);
  if (claims) {
    Revocations::Clean never;
    const bool revoked = revocations.is_revoked(revocations.fingerprints(*claims), never, state.revocations);
    sent.access = revoked ? state::Access::revoked : state::Access::valid;
    return sent;
  }
  // Time is judged after issuer, key and signature, so that what an expired one says may be believed.
  if (claims.error().reason == Reason::token_expired) {
    sent.access = state::Access::expired;
    return sent;
  }
  const bool key_is_gone = claims.error().reason == Reason::key_unknown;
  if (key_is_gone && !jose::worth_a_key_fetch(*token, provider.rules, now)) return SentAccess{};
  return tl::unexpected(claims.error());
}

}  // namespace postern::filters
