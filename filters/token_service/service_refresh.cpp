#include <algorithm>

#include "base/clock.hpp"
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

// So many tokens may follow a used one within its grace. Who refreshes because an access token has expired, which lives
// for a second at least, makes one a second, and the longest grace is a minute. Without a limit, whoever refreshed as
// fast as he could would make each of his replays cost as many calls of the store.
constexpr int most_followers = 64;

Refusal refused_for(state::Millis wait) {
  Refusal refusal(Reason::rate_limited, "the session was refreshed too often");
  refusal.retry_after = (wait + 999) / 1000;
  return refusal;
}

// Refuses what needs no store to be refused.
Outcome<Presentation> present(const std::optional<Secret>& refresh_token, const SentAccess& sent, state::Asked asked,
                              double now) {
  auto token = parse(refresh_token);
  state::Access access = sent.access;
  const bool names_a_session = access == state::Access::valid || access == state::Access::expired;
  if (token && names_a_session && sent.sid != token->sid) access = state::Access::foreign;
  if (const auto early = state::decide_before_store(access, refresh_token.has_value(), asked)) {
    return refused(early->reason);
  }
  if (!token) return refused(Reason::refresh_token_invalid);
  return Presentation{std::move(*token), state::make_refresh_secret(), access, asked, now};
}

}  // namespace

bool is_over(Reason reason) noexcept {
  switch (reason) {
    case Reason::refresh_token_invalid:
    case Reason::refresh_token_expired:
    case Reason::refresh_token_reused:
    case Reason::claim_mismatch:  // cookies of two sessions: neither can be refreshed by the other
      return true;
    default:
      return false;
  }
}

state::Rotation Service::rotation_of(const Presentation& presentation, double now) const {
  const state::RefreshTokenText& token = presentation.token;
  state::Rotation rotation;
  rotation.sid = token.sid;
  rotation.presented = state::hash_refresh_secret(token.secret);
  rotation.client = own_client;
  rotation.successor = state::hash_refresh_secret(presentation.successor);
  rotation.presented_at = to_millis(presentation.at);
  rotation.now = to_millis(now);
  rotation.grace = settings_.reuse_grace.count();
  rotation.sealed =
      state::seal_successor(token.secret, token.sid, presentation.successor, rotation.now + rotation.grace);
  rotation.lifetime = settings_.refresh_lifetime.count();
  rotation.revoke_until = access_tokens_gone_by(rotation.now);
  return rotation;
}

Task<Outcome<state::Rotated>> Service::ask(state::Rotation rotation) const {
  auto call = [store = shared_->store, rotation = std::move(rotation)](state::Done<state::Rotated> done) {
    if (const auto open = store->get()) open->rotate(rotation, std::move(done));
  };
  auto rotated = co_await await_store<state::Rotated>(std::move(call));
  if (!rotated) co_return tl::unexpected(refusal_of(rotated.error()));
  co_return std::move(*rotated);
}

// The family's current token: `successor`, that of a token within its grace, or one of those that followed it. A
// successor that was used is within its own grace, which began no earlier; it is only looked at, as of before any use,
// since nobody has presented it: that ends no session.
Task<Outcome<Secret>> Service::follow(Secret successor, state::Rotation look) const {
  look.kind = state::Rotation::Kind::look;
  look.presented_at = 0;
  look.successor = {};
  for (int followers = 1; followers <= most_followers; ++followers) {
    look.presented = state::hash_refresh_secret(successor);
    const auto seen = co_await ask(look);
    if (!seen) co_return tl::unexpected(seen.error());
    // Whether it may be used yet is told when it is.
    const bool is_current = seen->presented == state::Presented::current;
    if (is_current || seen->presented == state::Presented::too_often) co_return successor;
    if (seen->presented != state::Presented::within_grace || !seen->existing) {
      const auto decision = state::decide_refresh(state::Access::absent, seen->presented, state::Asked::post, {});
      co_return refused(decision.act == state::RefreshAct::refuse ? decision.reason : Reason::refresh_token_invalid);
    }
    auto next = state::open_successor(*seen->existing, successor, look.sid, look.now);
    if (!next) co_return refused(Reason::refresh_token_invalid);
    successor = std::move(*next);
  }
  co_return tl::unexpected(refused_for(1000));
}

// The refresh token that follows the presented one: the successor that it is given, or the current one where there is
// a successor already.
Task<Outcome<Service::Renewed>> Service::rotate(const Presentation& presentation, state::Rotation::Kind kind,
                                                double now) const {
  const state::RefreshTokenText& token = presentation.token;
  const std::uint64_t revocations_known = shared_->revocations->epoch();
  state::Rotation rotation = rotation_of(presentation, now);
  rotation.kind = kind;
  auto rotated = co_await ask(rotation);
  if (!rotated) co_return tl::unexpected(rotated.error());
  if (rotated->presented == state::Presented::too_often) co_return tl::unexpected(refused_for(rotated->wait));
  // Revocations name the issuer too: tokens of another name would outlive those of this session.
  if (rotated->family && rotated->family->issuer != settings_.issuer) {
    co_return tl::unexpected(Refusal(Reason::refresh_token_invalid, "the session began under another issuer"));
  }

  const auto decision = state::decide_refresh(presentation.access, rotated->presented, presentation.asked,
                                              {settings_.renew_expired_refresh});
  if (decision.act == state::RefreshAct::reissue && kind == state::Rotation::Kind::look) {
    const state::Millis expires = state::successor_expiry(*rotated->family, rotation.now, rotation.lifetime);
    co_return Renewed{std::move(*rotated->family), presentation.successor, expires, revocations_known};
  }
  if (decision.act == state::RefreshAct::reissue) {
    rotation.kind = state::Rotation::Kind::reissue;
    rotated = co_await ask(rotation);
    if (!rotated) co_return tl::unexpected(rotated.error());
    if (rotated->presented == state::Presented::too_often) co_return tl::unexpected(refused_for(rotated->wait));
    if (rotated->presented == state::Presented::expired) co_return refused(Reason::refresh_token_expired);
  } else if (decision.act == state::RefreshAct::refuse || decision.act == state::RefreshAct::end_family) {
    // A thief and the user had the same token: the store has ended the session already, and this process knows at once.
    if (decision.act == state::RefreshAct::end_family) {
      const state::Revocation ended = session_revocation(settings_.issuer, token.sid, rotation.now);
      shared_->revocations->insert({&ended, 1});
    }
    co_return refused(decision.reason);
  }
  Secret secret = presentation.successor;
  if (rotated->presented == state::Presented::within_grace && rotated->existing) {
    auto successor = state::open_successor(*rotated->existing, token.secret, token.sid, to_millis(now));
    if (!successor) co_return refused(Reason::refresh_token_invalid);
    auto current = co_await follow(std::move(*successor), std::move(rotation));
    if (!current) co_return tl::unexpected(current.error());
    secret = std::move(*current);
  } else if (rotated->presented != state::Presented::current) {
    co_return refused(Reason::refresh_token_invalid);
  }
  co_return Renewed{std::move(*rotated->family), std::move(secret), rotated->expires, revocations_known};
}

Task<Outcome<IssuedTokens>> Service::issue_next(Renewed renewed, double now) const {
  const auto claims = co_await look_again(renewed.family, now);
  if (!claims) co_return tl::unexpected(claims.error());
  const double issued_at =
      shared_->revocations->issue_time(settings_.issuer, renewed.family.subject, now, renewed.revocations_known);
  co_return co_await issue(renewed.family, *claims, std::move(renewed.secret), renewed.expires, issued_at, now);
}

Task<Outcome<IssuedTokens>> Service::refresh(std::optional<Secret> refresh_token, SentAccess sent, double now) const {
  auto presentation = present(refresh_token, sent, state::Asked::post, now);
  if (!presentation) co_return tl::unexpected(presentation.error());
  auto begun = co_await begin(std::move(*presentation), now);
  if (!begun) co_return tl::unexpected(begun.error());
  co_return co_await finish_renewal(std::move(*begun), unix_now());
}

Task<Outcome<BegunRenewal>> Service::begin_renewal(Secret refresh_token, SentAccess sent, double now) const {
  auto presentation = present(std::move(refresh_token), sent, state::Asked::renewal, now);
  if (!presentation) co_return tl::unexpected(presentation.error());
  co_return co_await begin(std::move(*presentation), now);
}

Task<Outcome<BegunRenewal>> Service::begin(Presentation presentation, double now) const {
  auto renewed = co_await rotate(presentation, state::Rotation::Kind::look, now);
  if (!renewed) co_return tl::unexpected(renewed.error());
  // A successor that is there already is proposed as well: when it is used the grace may be over.
  presentation.successor = renewed->secret;
  auto tokens = co_await issue_next(std::move(*renewed), now);
  if (!tokens) co_return tl::unexpected(tokens.error());
  co_return BegunRenewal{std::move(presentation), std::move(*tokens)};
}

Task<Outcome<IssuedTokens>> Service::finish_renewal(BegunRenewal begun, double now) const {
  auto renewed = co_await rotate(begun.presentation, state::Rotation::Kind::rotate, now);
  if (!renewed) co_return tl::unexpected(renewed.error());
  begun.tokens.refresh_token = state::format_refresh_token({renewed->family.sid, std::move(renewed->secret)});
  begun.tokens.refresh_expires_in = static_cast<double>(renewed->expires - to_millis(now)) / 1000;
  co_return std::move(begun.tokens);
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
