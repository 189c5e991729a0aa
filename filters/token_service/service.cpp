#include "filters/token_service/service.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "filters/token_service/await_store.hpp"
#include "filters/token_service/millis.hpp"
#include "state/refresh_token.hpp"

namespace postern::token_service {
namespace {

std::string random_jti() {
  std::string bytes(16, '\0');
  fill_random(bytes.data(), bytes.size());
  return encode_base64url(bytes);
}

// Browsers drop such a cookie without a word (RFC 6265 section 6.1), and the user seems to be logged out at once.
void warn_of_size(std::string_view access_token) {
  static std::atomic<bool> told{false};
  constexpr std::size_t kept_by_browsers = 4096;
  if (access_token.size() <= kept_by_browsers || told.exchange(true)) return;
  spdlog::warn("token_service: an access token of {} bytes is too large for a cookie; `access_claims` are too many",
               access_token.size());
}

}  // namespace

// Who is refused beside attempts that nobody has judged yet may come again soon: they may turn out right, and count no
// more then. What is in flight is looked at in the store's own order, before anything else happens there.
Task<Outcome<Service::Mark>> Service::count_attempt(const std::vector<state::Attempt>& attempts, double now) const {
  if (attempts.empty()) co_return Mark();
  struct Counted {
    Mark mark;
    bool others_in_flight = false;
  };
  const auto counted = std::make_shared<Counted>();
  auto call = [store = shared_->store, logins = shared_->logins, &attempts, now,
               counted](state::Done<state::Millis> done) {
    auto note = [logins, attempts, counted,
                 done = std::move(done)](tl::expected<state::Millis, state::StoreError> wait) {
      if (wait && *wait == 0) counted->mark = logins->begin(attempts);
      if (wait && *wait != 0) counted->others_in_flight = logins->any(attempts);
      done(std::move(wait));
    };
    if (const auto open = store->get()) open->count_attempt(attempts, to_millis(now), std::move(note));
  };
  const auto wait = co_await await_store<state::Millis>(std::move(call));
  if (!wait) co_return tl::unexpected(refusal_of(wait.error()));
  if (*wait == 0) co_return std::move(counted->mark);
  Refusal refusal(Reason::rate_limited, "too many wrong passwords");
  refusal.retry_after = counted->others_in_flight ? 1 : (*wait + 999) / 1000;
  co_return tl::unexpected(std::move(refusal));
}

void Service::uncount(std::vector<state::Attempt> attempts, Mark mark) const {
  const auto open = shared_->store->get();
  if (open != nullptr) open->uncount_attempt(std::move(attempts), [mark = std::move(mark)](const auto&) {});
}

// That nobody could say whether a password is right is no wrong password. Not forgiven as a success is: whoever keeps
// the service of the users busy could so forget all that was counted.
void Service::uncount_unjudged(std::vector<state::Attempt> attempts, Mark mark) const {
  for (state::Attempt& attempt : attempts) attempt.forgiven = false;
  uncount(std::move(attempts), std::move(mark));
}

void Service::take_effect() const {
  shared_->keys->adopt(schedule_of(settings_));
  shared_->revocations->set_patience(settings_.revocation_patience.count());
}

Task<Outcome<IssuedTokens>> Service::login(accounts::Credentials credentials, std::string address, double now) const {
  const conf::LoginLimits& limits = settings_.login_limits;
  const auto attempts = accounts::attempts_of(
      credentials.username, address, {limits.user_and_address, limits.address, limits.user, limits.window.count()},
      accounts_->names_differ());
  auto counted = co_await count_attempt(attempts, now);
  if (!counted) co_return tl::unexpected(counted.error());
  auto known = co_await accounts_->check(std::move(credentials));
  if (!known) {
    if (known.error().reason == Reason::credentials_unavailable) {
      uncount_unjudged(attempts, std::move(*counted));
    }
    co_return tl::unexpected(std::move(known.error()));
  }

  state::Family family;
  family.sid = state::make_sid();
  family.issuer = settings_.issuer;
  family.subject = known->account.subject;
  family.client = own_client;
  family.claims = std::move(known->kept);
  family.began = to_millis(now);
  family.ends = family.began + settings_.session_lifetime.count();
  Secret secret = state::make_refresh_secret();
  state::RefreshToken first;
  first.hash = state::hash_refresh_secret(secret);
  first.issued = family.began;
  first.expires = state::successor_expiry(family, family.began, settings_.refresh_lifetime.count());

  const auto store = shared_->store;
  auto call = [store, &family, &first](state::Done<state::Begun> done) {
    if (const auto open = store->get()) open->begin_session(family, first, std::move(done));
  };
  const auto begun = co_await await_store<state::Begun>(std::move(call));
  if (!begun) co_return tl::unexpected(refusal_of(begun.error()));
  uncount(attempts, std::move(*counted));
  const double issued_at = std::max(std::floor(now), whole_second_from(begun->issued_before.value_or(0)));
  // A second at most: a token of that second can be told from those that were revoked by its `iat` alone.
  if (issued_at > now + 1) co_return tl::unexpected(Refusal(Reason::credentials_invalid, "the subject is revoked"));
  co_return co_await issue(family, known->account.claims, std::move(secret), first.expires, issued_at, now);
}

// What is the same for every access token of the service.
AccessFacts Service::access_facts(double issued_at) const {
  AccessFacts facts;
  facts.issuer = settings_.issuer;
  facts.jti = random_jti();
  facts.issued_at = issued_at;
  facts.expires = issued_at + std::chrono::duration<double>(settings_.access_lifetime).count();
  return facts;
}

Task<Outcome<std::string>> Service::sign(AccessFacts& facts, double now) const {
  const Signer signer = shared_->keys->signer(to_millis(now));
  if (signer.key == nullptr) co_return tl::unexpected(Refusal(Reason::keys_unavailable, "there is no signing key yet"));
  // Where the key retires the token would be refused for its key: it is not to promise more.
  end_by(facts, to_seconds(signer.retired));
  if (facts.expires < facts.issued_at) {
    co_return tl::unexpected(Refusal(Reason::keys_unavailable, "the last signing key has been replaced too late"));
  }
  auto job = [key = signer.key, header = access_header(signer.key->algorithm().name, signer.key->kid()),
              payload = access_payload(facts)] {
    try {
      return key->sign(header, payload);
    } catch (const std::exception& failure) {
      spdlog::error("token_service: {}", failure.what());
      return std::string();
    }
  };
  const auto token = co_await run_on(*shared_->signing, std::move(job));
  if (token && !token->empty()) co_return *token;
  co_return tl::unexpected(Refusal(Reason::keys_unavailable, "no token could be signed"));
}

Task<Outcome<IssuedTokens>> Service::issue(const state::Family& family, const Json& claims, Secret refresh_secret,
                                           state::Millis refresh_expires, double issued_at, double now) const {
  AccessFacts facts = access_facts(issued_at);
  facts.subject = family.subject;
  facts.client = family.client;
  facts.sid = family.sid;
  facts.scope = family.scope;
  facts.audiences = settings_.audiences;
  facts.auth_time = std::floor(static_cast<double>(family.began) / 1000);
  facts.user_claims = &claims;
  facts.access_claims = settings_.access_claims;
  end_by(facts, to_seconds(family.ends));
  auto access_token = co_await sign(facts, now);
  if (!access_token) co_return tl::unexpected(access_token.error());
  IssuedTokens tokens;
  tokens.access_token = std::move(*access_token);
  if (settings_.cookies) warn_of_size(tokens.access_token);
  tokens.expires_in = std::max(0.0, facts.expires - facts.issued_at);
  tokens.refresh_token = state::format_refresh_token({family.sid, std::move(refresh_secret)});
  tokens.refresh_expires_in = static_cast<double>(refresh_expires - to_millis(now)) / 1000;
  tokens.scope = family.scope;
  co_return tokens;
}

}  // namespace postern::token_service
