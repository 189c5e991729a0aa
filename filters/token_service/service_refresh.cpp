#include <algorithm>
#include <cmath>

#include "filters/token_service/await_store.hpp"
#include "filters/token_service/millis.hpp"
#include "filters/token_service/revocation_times.hpp"
#include "filters/token_service/service.hpp"
#include "state/refresh_token.hpp"
#include "state/sealed_successor.hpp"

namespace postern::token_service {
namespace {

std::optional<state::RefreshTokenText> parse(const std::optional<Secret>& token) {
  return token ? state::parse_refresh_token(token->reveal()) : std::nullopt;
}

tl::unexpected<Refusal> refused(Reason reason) {
  return tl::unexpected(Refusal(reason));
}

}  // namespace

bool is_over(Reason reason) noexcept {
  switch (reason) {
    case Reason::refresh_token_invalid:
    case Reason::refresh_token_expired:
    case Reason::refresh_token_reused:
    case Reason::token_revoked:
    case Reason::claim_mismatch:  // cookies of two sessions: neither can be refreshed by the other
      return true;
    default:
      return false;
  }
}

// Asks the store for the next refresh token; `secret` is the one that is offered, and becomes the one that is.
Task<Outcome<Service::Renewed>> Service::rotate(const state::RefreshTokenText& presented, state::Access access,
                                                state::Asked asked, double now) const {
  const state::Millis grace = settings_.reuse_grace.count();
  Secret secret = state::make_refresh_secret();
  state::Rotation rotation;
  rotation.sid = presented.sid;
  rotation.presented = state::hash_refresh_secret(presented.secret);
  rotation.client = own_client;
  rotation.successor = state::hash_refresh_secret(secret);
  rotation.presented_at = rotation.now = to_millis(now);
  rotation.grace = grace;
  rotation.sealed = state::seal_successor(presented.secret, presented.sid, secret, rotation.now + grace);
  rotation.lifetime = settings_.refresh_lifetime.count();
  rotation.revoke_until = access_tokens_gone_by(rotation.now);
  const auto store = shared_->store;
  auto call = [store, rotation](state::Done<state::Rotated> done) {
    if (const auto open = store->get()) open->rotate(rotation, std::move(done));
  };
  auto rotated = co_await await_store<state::Rotated>(std::move(call));
  if (!rotated) co_return tl::unexpected(refusal_of(rotated.error()));
  // Revocations name the issuer too: tokens of another name would outlive those of this session.
  if (rotated->family && rotated->family->issuer != settings_.issuer) {
    co_return tl::unexpected(Refusal(Reason::refresh_token_invalid, "the session began under another issuer"));
  }

  const auto decision =
      state::decide_refresh(access, rotated->presented, asked, {settings_.renew_expired_refresh});
  if (decision.act == state::RefreshAct::reissue) {
    rotation.kind = state::Rotation::Kind::reissue;
    auto again = [store, rotation](state::Done<state::Rotated> done) {
      if (const auto open = store->get()) open->rotate(rotation, std::move(done));
    };
    rotated = co_await await_store<state::Rotated>(std::move(again));
    if (!rotated) co_return tl::unexpected(refusal_of(rotated.error()));
    if (rotated->presented == state::Presented::expired) co_return refused(Reason::refresh_token_expired);
  } else if (decision.act == state::RefreshAct::refuse || decision.act == state::RefreshAct::end_family) {
    // A thief and the user had the same token: the store has ended the session already, and this process knows at once.
    if (decision.act == state::RefreshAct::end_family) {
      const state::Revocation ended = session_revocation(settings_.issuer, presented.sid, rotation.now);
      shared_->revocations->insert({&ended, 1});
    }
    co_return refused(decision.reason);
  }
  if (rotated->presented == state::Presented::within_grace && rotated->existing) {
    auto successor = state::open_successor(*rotated->existing, presented.secret, presented.sid, rotation.now);
    if (!successor) co_return refused(Reason::refresh_token_invalid);
    secret = std::move(*successor);
  } else if (rotated->presented != state::Presented::current) {
    co_return refused(Reason::refresh_token_invalid);
  }
  co_return Renewed{std::move(*rotated->family), std::move(secret), rotated->expires};
}

Task<Outcome<IssuedTokens>> Service::refresh(std::optional<Secret> refresh_token, SentAccess sent, state::Asked asked,
                                             double now) const {
  const auto presented = parse(refresh_token);
  state::Access access = sent.access;
  const bool names_a_session = access == state::Access::valid || access == state::Access::expired;
  if (presented && names_a_session && sent.sid != presented->sid) access = state::Access::foreign;
  if (const auto early = state::decide_before_store(access, refresh_token.has_value(), asked)) {
    co_return refused(early->reason);
  }
  if (!presented) co_return refused(Reason::refresh_token_invalid);
  auto renewed = co_await rotate(*presented, access, asked, now);
  if (!renewed) co_return tl::unexpected(renewed.error());
  const auto claims = co_await look_again(renewed->family, now);
  if (!claims) co_return tl::unexpected(claims.error());
  co_return co_await issue(renewed->family, *claims, std::move(renewed->secret), renewed->expires, std::floor(now),
                           now);
}

// The account's claims as they are by now, or the end of the session.
Task<Outcome<Json>> Service::look_again(const state::Family& family, double now) const {
  auto claims = co_await accounts_->look_again(family);
  if (claims || claims.error().reason != Reason::refresh_token_invalid) co_return claims;
  const auto ended = co_await revoke(session_revocation(family.issuer, family.sid, to_millis(now)));
  if (!ended) co_return tl::unexpected(ended.error());
  co_return claims;
}

}  // namespace postern::token_service
