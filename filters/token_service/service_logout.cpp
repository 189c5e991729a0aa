#include <algorithm>

#include "filters/token_service/await_store.hpp"
#include "filters/token_service/millis.hpp"
#include "filters/token_service/revocation_times.hpp"
#include "filters/token_service/service.hpp"
#include "state/refresh_token.hpp"

namespace postern::token_service {
namespace {

// Whether it names a session, and may be believed.
bool tells_session(const SentAccess& sent) noexcept {
  const bool is_believed = sent.access == state::Access::valid || sent.access == state::Access::expired;
  return is_believed && !sent.sid.empty();
}

bool goes_on(const std::optional<state::Family>& family, double now) noexcept {
  return family && !family->ended && to_millis(now) < family->ends;
}

}  // namespace

Task<Outcome<state::Nothing>> Service::revoke(state::Revocation revocation) const {
  const auto sequence = co_await token_service::revoke(*shared_, std::move(revocation));
  if (!sequence) co_return tl::unexpected(sequence.error());
  co_return state::Nothing{};
}

Task<Outcome<state::Nothing>> Service::end_sessions(const SessionName& session, double now) const {
  const auto store = shared_->store;
  const state::Millis until = sessions_gone_by(to_millis(now));
  using Ended = std::vector<state::Revocation>;
  auto call = [store, &session, until](state::Done<Ended> done) {
    if (const auto open = store->get()) open->end_sessions(session.issuer, session.subject, until, std::move(done));
  };
  const auto ended = co_await await_store<Ended>(std::move(call));
  if (!ended) co_return tl::unexpected(refusal_of(ended.error()));
  shared_->revocations->insert(*ended);
  const auto is_this = [&](const state::Revocation& one) { return one.value == session.sid; };
  if (std::any_of(ended->begin(), ended->end(), is_this)) co_return state::Nothing{};
  // The store may know the session no more while an access token of it is accepted.
  co_return co_await revoke(session_revocation(session.issuer, session.sid, to_millis(now)));
}

// An expired access token is of the past, and revocations are forgotten a day later: it may be one of a session that
// was logged out long ago. The store knows better.
Task<Outcome<Service::SessionName>> Service::prove_by_access(const SentAccess& sent, bool everywhere,
                                                             double now) const {
  SessionName session{settings_.issuer, sent.sid, sent.subject};
  if (!everywhere || sent.access != state::Access::expired) co_return session;
  const state::RefreshTokenText of_no_token{session.sid, Secret()};
  const auto found = co_await find(of_no_token, std::string(own_client), now);
  if (!found) co_return tl::unexpected(found.error());
  if (goes_on(found->family, now)) co_return session;
  const bool was_ended = found->family && found->family->ended;
  co_return tl::unexpected(Refusal(was_ended ? Reason::token_revoked : Reason::token_expired));
}

Task<Outcome<state::FoundSession>> Service::find(const state::RefreshTokenText& presented, std::string client,
                                                 double now) const {
  const auto store = shared_->store;
  const state::TokenHash hash = state::hash_refresh_secret(presented.secret);
  const state::Millis grace = settings_.reuse_grace.count();
  auto call = [store, &presented, &client, hash, now, grace](state::Done<state::FoundSession> done) {
    if (const auto open = store->get()) {
      open->find(presented.sid, hash, client, to_millis(now), grace, std::move(done));
    }
  };
  auto found = co_await await_store<state::FoundSession>(std::move(call));
  if (!found) co_return tl::unexpected(refusal_of(found.error()));
  co_return std::move(*found);
}

// Whose session it is, by a refresh token of it, whatever has become of that, or else by the access token.
Task<Outcome<Service::SessionName>> Service::prove_session(const std::optional<Secret>& refresh_token,
                                                           const SentAccess& sent, bool everywhere, double now) const {
  if (!refresh_token) {
    if (tells_session(sent)) co_return co_await prove_by_access(sent, everywhere, now);
    const bool revoked = sent.access == state::Access::revoked;
    co_return tl::unexpected(Refusal(revoked ? Reason::token_revoked : Reason::token_missing));
  }
  state::FoundSession found;
  if (const auto presented = state::parse_refresh_token(refresh_token->reveal())) {
    auto known = co_await find(*presented, std::string(own_client), now);
    if (!known) co_return tl::unexpected(known.error());
    found = std::move(*known);
  }
  if (found.presented == state::Presented::unknown || !found.family) {
    // The refresh token of nobody is no reason to leave a session open that the access token names.
    if (tells_session(sent)) co_return co_await prove_by_access(sent, everywhere, now);
    co_return tl::unexpected(Refusal(Reason::refresh_token_invalid));
  }
  if (!sent.sid.empty() && sent.sid != found.family->sid) {
    co_return tl::unexpected(Refusal(Reason::claim_mismatch, "the tokens are of two sessions"));
  }
  // That may be said again; but a token of long ago is no proof for the user's other sessions.
  if (everywhere && !goes_on(found.family, now)) co_return tl::unexpected(Refusal(Reason::refresh_token_invalid));
  co_return SessionName{found.family->issuer, found.family->sid, found.family->subject};
}

Task<Outcome<state::Nothing>> Service::logout(std::optional<Secret> refresh_token, SentAccess sent, bool everywhere,
                                              double now) const {
  const auto session = co_await prove_session(refresh_token, sent, everywhere, now);
  if (!session) co_return tl::unexpected(session.error());
  if (everywhere) co_return co_await end_sessions(*session, now);
  co_return co_await revoke(session_revocation(session->issuer, session->sid, to_millis(now)));
}

}  // namespace postern::token_service
