#include "filters/token_service/await_store.hpp"
#include "filters/token_service/millis.hpp"
#include "filters/token_service/revocation_times.hpp"
#include "filters/token_service/service.hpp"
#include "state/refresh_token.hpp"

namespace postern::token_service {

Task<Outcome<std::uint64_t>> revoke(std::shared_ptr<const Shared> shared, state::Revocation revocation) {
  auto call = [store = shared->store, revocation](state::Done<std::uint64_t> done) {
    if (const auto open = store->get()) open->revoke(revocation, std::move(done));
  };
  const auto kept = co_await await_store<std::uint64_t>(std::move(call));
  if (!kept) co_return tl::unexpected(refusal_of(kept.error()));
  shared->revocations->insert({&revocation, 1});
  co_return *kept;
}

state::Revocation Service::session_revocation(const std::string& sid, double now) const {
  state::Revocation revocation;
  revocation.kind = state::Revocation::Kind::sid;
  revocation.issuer = settings_.issuer;
  revocation.value = sid;
  revocation.until = access_tokens_gone_by(settings_, to_millis(now));
  return revocation;
}

// Whose session it is, by a refresh token of it, whatever has become of that, or by the access token.
Task<Outcome<Service::ProvenSession>> Service::prove_session(const std::optional<Secret>& refresh_token,
                                                             const SentAccess& sent, double now) const {
  if (!refresh_token) {
    if (sent.sid.empty()) co_return tl::unexpected(Refusal(Reason::token_missing));
    co_return ProvenSession{sent.sid, sent.subject};
  }
  const auto presented = state::parse_refresh_token(refresh_token->reveal());
  if (!presented) co_return tl::unexpected(Refusal(Reason::refresh_token_invalid));
  const auto store = shared_->store;
  const state::TokenHash hash = state::hash_refresh_secret(presented->secret);
  const state::Millis grace = settings_.reuse_grace.count();
  auto call = [store, &presented, hash, now, grace](state::Done<state::FoundSession> done) {
    const auto open = store->get();
    if (open) open->find(presented->sid, hash, std::string(own_client), to_millis(now), grace, std::move(done));
  };
  auto found = co_await await_store<state::FoundSession>(std::move(call));
  if (!found) co_return tl::unexpected(refusal_of(found.error()));
  if (found->presented == state::Presented::unknown || !found->family) {
    co_return tl::unexpected(Refusal(Reason::refresh_token_invalid));
  }
  co_return ProvenSession{found->family->sid, found->family->subject};
}

Task<Outcome<state::Nothing>> Service::logout(std::optional<Secret> refresh_token, SentAccess sent, bool everywhere,
                                              double now) const {
  const auto session = co_await prove_session(refresh_token, sent, now);
  if (!session) co_return tl::unexpected(session.error());
  state::Revocation revocation = session_revocation(session->sid, now);
  if (everywhere) {
    revocation.kind = state::Revocation::Kind::sub;
    revocation.value = session->subject;
    revocation.before = to_millis(now) + 1;  // a login from here on is another one
  }
  const auto revoked = co_await revoke(shared_, std::move(revocation));
  if (!revoked) co_return tl::unexpected(revoked.error());
  co_return state::Nothing{};
}

}  // namespace postern::token_service
