// The token service: login, refresh, logout, and what OAuth's clients ask for, step by step. Coroutines on the caller's
// executor; what takes long goes to threads of its own and comes back.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "accounts/clients.hpp"
#include "accounts/login_limits.hpp"
#include "conf/config.hpp"
#include "filters/token_service/access_token.hpp"
#include "filters/token_service/accounts.hpp"
#include "filters/token_service/attempts_in_flight.hpp"
#include "filters/token_service/followed_store.hpp"
#include "filters/token_service/replies.hpp"
#include "filters/token_service/requests.hpp"
#include "filters/token_service/signing_keys.hpp"
#include "gateway/crew.hpp"
#include "state/refresh_rules.hpp"
#include "state/refresh_token.hpp"
#include "state/store.hpp"

namespace postern::token_service {

// What belongs to a store and lives over reloads.
struct Shared : FollowedStore {
  std::shared_ptr<SigningKeys> keys;
  std::shared_ptr<Crew> hashing;  // argon2id: its queue is what a storm of logins fills
  std::shared_ptr<Crew> signing;
  std::shared_ptr<AttemptsInFlight> logins = std::make_shared<AttemptsInFlight>();
};

// An access token that came along, already judged: its session and subject where it has them.
struct SentAccess {
  state::Access access = state::Access::absent;
  std::string sid;
  std::string subject;
  bool session_revoked = false;  // not the token or its key alone
};

// A refresh token that is presented, with what counts beside it.
struct Presentation {
  state::RefreshTokenText token;
  Secret successor;  // the secret of the one that is to follow it
  state::Access access = state::Access::absent;
  state::Asked asked = state::Asked::post;
  double at = 0;  // Unix seconds
};

// A renewal between its halves: the access token is issued, the refresh token has not been used.
struct BegunRenewal {
  Presentation presentation;
  IssuedTokens tokens;
};

using conf::own_client;

// Whether such a refusal means that the session will never be refreshed.
bool is_over(Reason reason) noexcept;

// Of one snapshot; immutable.
class Service {
 public:
  Service(std::shared_ptr<const Shared> shared, conf::TokenService settings, std::shared_ptr<const Accounts> accounts,
          std::vector<accounts::Client> clients)
      : shared_(std::move(shared)),
        settings_(std::move(settings)),
        accounts_(std::move(accounts)),
        clients_(std::move(clients)) {}

  // The keys and the revocations, which other snapshots share, go by these settings from now on.
  void take_effect() const;

  const conf::TokenService& settings() const noexcept { return settings_; }
  const Shared& shared() const noexcept { return *shared_; }

  // `address` is the client's, without a port; `now` in Unix seconds, here and below. Refuses credentials_invalid,
  // rate_limited, credentials_unavailable (see Accounts::check), store_unavailable, keys_unavailable.
  Task<Outcome<IssuedTokens>> login(accounts::Credentials credentials, std::string address, double now) const;

  // The matrix of state/refresh_rules.hpp, and the account looked at again (Accounts::look_again), which may end the
  // session. The refresh token is used when all else has been done: where there are no tokens it stays as it was.
  Task<Outcome<IssuedTokens>> refresh(std::optional<Secret> refresh_token, SentAccess sent, double now) const;

  // The same for a browser's request under way, in two halves, since its cookies come with the response alone. The
  // first decides, and ends the session on reuse, but uses nothing up. The second uses the refresh token as of the time
  // at which it was presented. Where it is refused the access token is as good as before. After a refusal that
  // `is_over` the browser's cookies stay, too: a parallel response has brought newer ones, or the next request tells
  // that the session has ended.
  Task<Outcome<BegunRenewal>> begin_renewal(Secret refresh_token, SentAccess sent, double now) const;
  Task<Outcome<IssuedTokens>> finish_renewal(BegunRenewal begun, double now) const;

  // Ends the session, or with `everywhere` all of the subject's: no token of it is accepted from here on, by this
  // process at once, by others when they hear of it. Refuses refresh_token_invalid and token_missing: whose session it
  // is must be proven by a token of it, which may have expired; with `everywhere` by one of a session that goes on. A
  // refresh token that the store does not know counts as none where the access token names the session.
  // Refuses token_revoked for a revoked access token alone; with `everywhere` for one that has expired as well when its
  // session was ended, and token_expired when that is over or unknown. Refuses claim_mismatch for tokens of two
  // sessions.
  Task<Outcome<state::Nothing>> logout(std::optional<Secret> refresh_token, SentAccess sent, bool everywhere,
                                       double now) const;

  // The client that has proven itself, which lives as long as the service; null where a request names none, or
  // `postern` without a secret. Refuses client_invalid; instead of it rate_limited when too many secrets from `address`
  // were wrong, and store_unavailable when that cannot be counted.
  Task<Outcome<const accounts::Client*>> authenticate(accounts::ClientProof proof, std::string address,
                                                      double now) const;

  // An access token of the client's own, without a session (RFC 6749 section 4.4). Refuses what grant_to() does, and
  // keys_unavailable. Needs no store.
  Task<Outcome<IssuedTokens>> issue_to(const accounts::Client& client, ClientCredentialsRequest asked,
                                       double now) const;

  // RFC 7009: ends the refresh token's session, if there is one. Refuses client_not_allowed for a token that was issued
  // to another client (section 2.1), here and below; store_unavailable.
  Task<Outcome<state::Nothing>> revoke_refresh_token(const state::RefreshTokenText& token, const std::string& client,
                                                     double now) const;
  // The claims are of a token of the service that is not over.
  Task<Outcome<state::Nothing>> revoke_access_token(const Json& claims, const std::string& client, double now) const;

  // RFC 7662's answer about a refresh token: active as long as it has not been used, its session began under the issuer
  // of now, and a refresh would find its account (Accounts::look_again). Ends nothing. Refuses store_unavailable.
  Task<Outcome<std::string>> introspect_refresh_token(const state::RefreshTokenText& token, double now) const;

 private:
  struct Renewed {
    state::Family family;
    Secret secret;
    state::Millis expires = 0;
    std::uint64_t revocations_known = 0;  // their epoch before the store was asked
  };
  struct SessionName {
    std::string issuer, sid, subject;
  };

  // The attempt is in flight as long as its mark is held.
  using Mark = AttemptsInFlight::Mark;
  Task<Outcome<Mark>> count_attempt(const std::vector<state::Attempt>& attempts, double now) const;
  void uncount(std::vector<state::Attempt> attempts, Mark mark) const;
  void uncount_unjudged(std::vector<state::Attempt> attempts, Mark mark) const;
  AccessFacts access_facts(double issued_at) const;
  // Ends the token earlier where its key retires earlier.
  Task<Outcome<std::string>> sign(AccessFacts& facts, double now) const;
  Task<Outcome<IssuedTokens>> issue(const state::Family& family, const Json& claims, Secret refresh_secret,
                                    state::Millis refresh_expires, double issued_at, double now) const;
  state::Rotation rotation_of(const Presentation& presentation, double now) const;
  Task<Outcome<state::Rotated>> ask(state::Rotation rotation) const;
  Task<Outcome<Secret>> follow(Secret successor, state::Rotation look) const;
  Task<Outcome<Renewed>> rotate(const Presentation& presentation, state::Rotation::Kind kind, double now) const;
  Task<Outcome<IssuedTokens>> issue_next(Renewed renewed, double now) const;
  Task<Outcome<BegunRenewal>> begin(Presentation presentation, double now) const;
  Task<Outcome<Json>> look_again(const state::Family& family, double now) const;
  Task<Outcome<state::FoundSession>> find(const state::RefreshTokenText& presented, std::string client,
                                          double now) const;
  // By an access token that names a session and is valid, or has expired.
  Task<Outcome<SessionName>> prove_by_access(const SentAccess& sent, bool everywhere, double now) const;
  Task<Outcome<SessionName>> prove_session(const std::optional<Secret>& refresh_token, const SentAccess& sent,
                                           bool everywhere, double now) const;
  Task<Outcome<state::Nothing>> revoke(state::Revocation revocation) const;
  // All of the subject's.
  Task<Outcome<state::Nothing>> end_sessions(const SessionName& session, double now) const;

  std::shared_ptr<const Shared> shared_;
  conf::TokenService settings_;
  std::shared_ptr<const Accounts> accounts_;
  std::vector<accounts::Client> clients_;
};

}  // namespace postern::token_service
