#include "filters/token_service/service.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "base/clock.hpp"
#include "base/temporary_folder.hpp"
#include "filters/jose/compact.hpp"
#include "filters/token_service/millis.hpp"
#include "state/refresh_token.hpp"
#include "state/sqlite/sqlite_store.hpp"
#include "tests/unit/run_until.hpp"

namespace postern::token_service {
namespace {

using Login = Outcome<IssuedTokens>;
constexpr std::string_view test_issuer = "https://shop.example.com";

// Everybody's password is `right`; each is judged when the test says so.
class HeldAccounts final : public Accounts {
 public:
  accounts::NamesDiffer names_differ() const noexcept override { return accounts::NamesDiffer::loosely; }
  Task<tl::expected<KnownAccount, Refusal>> check(accounts::Credentials credentials) const override {
    const Executor executor = co_await current_executor();
    const auto verdict = std::make_shared<Handoff<bool>>(executor);
    waiting.push_back(verdict);
    if (!held) release();
    co_await verdict->wait();
    if (credentials.password.reveal() != "right") co_return tl::unexpected(Refusal(Reason::credentials_invalid));
    KnownAccount known{{credentials.username, Json(Json::Object())}, "{}"};
    co_return known;
  }
  Task<tl::expected<Json, Refusal>> look_again(state::Family) const override {
    if (gone) co_return tl::unexpected(Refusal(*gone));
    co_return Json(Json::Object());
  }

  void release() const {
    for (const auto& verdict : std::exchange(waiting, {})) Handoff<bool>::bring(verdict, true);
  }

  bool held = false;
  std::optional<Reason> gone;  // why nobody has an account any more
  mutable std::vector<std::shared_ptr<Handoff<bool>>> waiting;
};

template <class T>
Task<void> keep(Task<T> task, std::optional<T>& kept) {
  T value = co_await std::move(task);
  kept.emplace(std::move(value));
}

// A service over an SQLite file of its own.
struct Served {
  Served() {
    settings.issuer = test_issuer;
    settings.audiences = {"shop-api"};
    settings.login_limits = {0, 0, 0, conf::Duration(300'000)};
    shared->store = std::make_shared<StoreHolder>(
        std::move(state::open_sqlite_store({.file = folder.path_of("state.db")}).value()));
    shared->revocations = Revocations::follow(*shared->store->get());
    shared->keys =
        std::make_shared<SigningKeys>(io, shared->store, shared->revocations, schedule_of(settings), Secret());
    shared->hashing = std::make_shared<Crew>(1, 8);
    shared->signing = std::make_shared<Crew>(1, 8);
  }
  ~Served() {
    shared->signing->stop();
    shared->store->close();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  void start() {
    shared->keys->start();
    run_until(io, [&] { return shared->keys->signer(to_millis(unix_now())).key != nullptr; });
  }
  std::shared_ptr<const Service> service() const {
    return std::make_shared<const Service>(shared, settings, accounts, std::vector<accounts::Client>());
  }

  template <class T>
  void spawn(Task<T> task, std::optional<T>& kept) {
    postern::spawn(io.get_executor(), keep(std::move(task), kept));
  }
  template <class T>
  T ask(Task<T> task) {
    std::optional<T> kept;
    spawn(std::move(task), kept);
    run_until(io, [&] { return kept.has_value(); });
    return std::move(*kept);
  }

  TemporaryFolder folder{"postern-unit-"};
  boost::asio::io_context io{1};
  conf::TokenService settings;
  std::shared_ptr<HeldAccounts> accounts = std::make_shared<HeldAccounts>();
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
};

accounts::Credentials credentials(std::string password = "right") {
  return {"alice", Secret(std::move(password))};
}

double claim(const IssuedTokens& tokens, std::string_view name) {
  const auto token = jose::parse_token(tokens.access_token);
  return token.value().claims.find(name)->as_double().value();
}

// A key that signs and retires at that instant.
void add_key(Served& served, state::Millis retired) {
  const auto key = jose::SigningKey::generate(*jose::find_algorithm("ES256"));
  const state::Millis now = to_millis(unix_now());
  state::SigningKeyRecord record{key->kid(), "ES256", key->to_pem(), now - 1000, now - 1000, retired - 1000, retired};
  std::atomic<bool> added = false;
  served.shared->store->get()->add_signing_key(std::move(record), 0, [&](const auto&) { added = true; });
  run_until(served.io, [&] { return added.load(); });
}

// Uses the session's token, its successor, and so on, `count` times; gives the last successor.
Secret refresh_often(Served& served, const std::optional<Secret>& first, state::Millis now, int count) {
  auto token = state::parse_refresh_token(first.value().reveal()).value();
  std::atomic<int> answered = 0, used = 0;
  for (int i = 0; i < count; ++i) {
    Secret successor = state::make_refresh_secret();
    state::Rotation rotation;
    rotation.sid = token.sid;
    rotation.presented = state::hash_refresh_secret(token.secret);
    rotation.client = own_client;
    rotation.successor = state::hash_refresh_secret(successor);
    rotation.sealed = {"-", now};
    rotation.lifetime = 3'600'000;
    rotation.presented_at = rotation.now = now;
    served.shared->store->get()->rotate(std::move(rotation), [&](const auto& rotated) {
      if (rotated && rotated->presented == state::Presented::current) ++used;
      ++answered;
    });
    token.secret = std::move(successor);
    if (i % 1000 == 999 || i + 1 == count) run_until(served.io, [&, i] { return answered.load() == i + 1; });
  }
  REQUIRE(used.load() == count);
  return state::format_refresh_token(token);
}

// Both halves at that instant, as if no time went by.
Login refresh_at(Served& served, const Secret& token, double at) {
  const auto service = served.service();
  auto begun = served.ask(service->begin_renewal(token, SentAccess(), at));
  if (!begun) return tl::unexpected(begun.error());
  return served.ask(service->finish_renewal(std::move(*begun), at));
}

// The session's tokens, each but the last of which was used at `now`, and gave the next.
std::vector<Secret> refresh_in_turn(Served& served, Secret first, double now, int count) {
  std::vector<Secret> tokens = {std::move(first)};
  for (int i = 0; i < count; ++i) {
    auto next = refresh_at(served, tokens.back(), now);
    REQUIRE(next);
    tokens.push_back(std::move(next->refresh_token).value());
  }
  return tokens;
}

}  // namespace

TEST_CASE("A refresh for which no token can be signed uses the refresh token not up") {
  Served served;
  served.settings.reuse_grace = conf::Duration(0);  // a second use would end the session
  served.start();
  const double now = unix_now();
  const auto service = served.service();
  const auto session = served.ask(service->login(credentials(), "192.0.2.1", now));
  REQUIRE(session);

  const auto can_sign = std::exchange(served.shared->signing, std::make_shared<Crew>(1, 0));  // full at once
  const auto refused = served.ask(service->refresh(session->refresh_token, SentAccess(), now));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::keys_unavailable);

  served.shared->signing = can_sign;
  const auto next = served.ask(service->refresh(session->refresh_token, SentAccess(), unix_now()));
  CHECK(next.has_value());
}

TEST_CASE("A session's 10,001st refresh of a day is refused until the first is a day old, and nothing is used up") {
  Served served;
  served.settings.reuse_grace = conf::Duration(0);
  served.settings.renew_expired_refresh = true;
  served.start();
  const double now = unix_now();
  const auto service = served.service();
  const auto session = served.ask(service->login(credentials(), "192.0.2.1", now));
  REQUIRE(session);
  const Secret last = refresh_often(served, session->refresh_token, to_millis(now), 9'999);
  const auto next = served.ask(service->refresh(last, SentAccess(), now));
  REQUIRE(next);
  for (int i = 0; i < 2; ++i) {
    const auto refused = served.ask(service->refresh(next->refresh_token, SentAccess(), now + 10));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == Reason::rate_limited);
    CHECK(refused.error().retry_after == 86'390);
    const auto renewal = served.ask(service->begin_renewal(*next->refresh_token, SentAccess(), now + 10));
    REQUIRE_FALSE(renewal);
    CHECK(renewal.error().reason == Reason::rate_limited);
    CHECK_FALSE(is_over(renewal.error().reason));
  }
  const auto reused = served.ask(service->refresh(session->refresh_token, SentAccess(), now + 10));
  REQUIRE_FALSE(reused);
  CHECK(reused.error().reason == Reason::refresh_token_reused);
}

TEST_CASE("A used token within its grace gives the session's current token, however many have followed it") {
  Served served;
  served.start();
  const double now = unix_now();
  const auto session = served.ask(served.service()->login(credentials(), "192.0.2.1", now));
  REQUIRE(session);
  const auto tokens = refresh_in_turn(served, *session->refresh_token, now, 5);
  for (int i = 0; i < 5; ++i) {
    const auto replayed = refresh_at(served, tokens[i], now + 9);
    REQUIRE(replayed);
    CHECK(replayed->refresh_token->reveal() == tokens.back().reveal());
    CHECK(replayed->refresh_expires_in == doctest::Approx(5 * 86'400 - 9));
    const auto claims = jose::parse_token(replayed->access_token).value().claims;
    CHECK(*claims.find("sid")->string() == state::parse_refresh_token(tokens[0].reveal())->sid);
  }
  // Nothing was used by that, and reuse is what it was.
  CHECK(refresh_at(served, tokens.back(), now + 9));
  CHECK(refresh_at(served, tokens[0], now + 11).error().reason == Reason::refresh_token_reused);
}

TEST_CASE("A renewal that others overtake brings the session's current token, and none once the grace is over") {
  Served served;
  served.start();
  const double now = unix_now();
  const auto service = served.service();
  const auto session = served.ask(service->login(credentials(), "192.0.2.1", now));
  REQUIRE(session);
  const auto begin = [&] { return served.ask(service->begin_renewal(*session->refresh_token, SentAccess(), now)); };
  auto first = begin(), late = begin();
  auto tokens = refresh_in_turn(served, *session->refresh_token, now, 1);
  auto second = begin();  // proposes what is current by now
  tokens = refresh_in_turn(served, tokens.back(), now, 2);
  REQUIRE((first && late && second));
  for (auto* begun : {&first, &second}) {
    const auto finished = served.ask(service->finish_renewal(std::move(**begun), now + 9));
    REQUIRE(finished);
    CHECK(finished->refresh_token->reveal() == tokens.back().reveal());
  }
  const auto refused = served.ask(service->finish_renewal(std::move(*late), now + 60));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::refresh_token_invalid);
  CHECK(refresh_at(served, tokens.back(), now + 60));
}

TEST_CASE("A used token that 64 others have followed gives the last, one that 65 have is refused, and ends nothing") {
  Served served;
  served.start();
  const double now = unix_now();
  const auto session = served.ask(served.service()->login(credentials(), "192.0.2.1", now));
  REQUIRE(session);
  const auto tokens = refresh_in_turn(served, *session->refresh_token, now, 65);
  const auto replayed = refresh_at(served, tokens[1], now + 1);
  REQUIRE(replayed);
  CHECK(replayed->refresh_token->reveal() == tokens.back().reveal());
  const auto refused = refresh_at(served, tokens[0], now + 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::rate_limited);
  CHECK(refused.error().retry_after == 1);
  CHECK(refresh_at(served, tokens.back(), now + 1));
}

TEST_CASE("A replay ends no session, where a slower clock has used the successor either") {
  Served served;
  served.start();
  const double now = unix_now();
  const auto session = served.ask(served.service()->login(credentials(), "192.0.2.1", now));
  REQUIRE(session);
  const auto second = refresh_at(served, *session->refresh_token, now + 3);
  REQUIRE(second);
  const auto third = refresh_at(served, *second->refresh_token, now);
  REQUIRE(third);
  CHECK(refresh_at(served, *session->refresh_token, now + 9)->refresh_token->reveal() ==
        third->refresh_token->reveal());
  const auto refused = refresh_at(served, *session->refresh_token, now + 12);  // the second is used 12 s ago
  REQUIRE_FALSE(refused);
  CHECK(refused.error().reason == Reason::refresh_token_invalid);
  CHECK(refresh_at(served, *third->refresh_token, now + 12));
}

TEST_CASE("All sessions end by an expired access token of one that goes on, and not of one that is over or unknown") {
  Served served;
  served.settings.session_lifetime = conf::Duration(1'000'000);
  served.start();
  const double now = unix_now();
  const auto service = served.service();
  const auto login = [&] { return served.ask(service->login(credentials(), "192.0.2.1", now)); };
  const auto access_of = [](const IssuedTokens& tokens, state::Access worth) {
    const auto token = jose::parse_token(tokens.access_token);
    return SentAccess{worth, *token.value().claims.find("sid")->string(), "alice"};
  };
  const auto log_out = [&](std::optional<Secret> refresh, SentAccess sent, bool everywhere, double at) {
    const auto done = served.ask(service->logout(std::move(refresh), std::move(sent), everywhere, at));
    return done ? Reason::accepted : done.error().reason;
  };
  const auto ended = login(), other = login();
  REQUIRE((ended && other));
  const SentAccess expired = access_of(*ended, state::Access::expired);
  CHECK(log_out({}, expired, false, now) == Reason::accepted);
  CHECK(log_out({}, expired, true, now) == Reason::token_revoked);
  // A refresh token that is none counts as none.
  CHECK(log_out(Secret("x"), expired, true, now) == Reason::token_revoked);
  CHECK(log_out({}, expired, false, now) == Reason::accepted);

  SentAccess unknown = expired;
  unknown.sid = state::make_sid();
  CHECK(log_out({}, unknown, true, now) == Reason::token_expired);
  const SentAccess of_other = access_of(*other, state::Access::expired);
  CHECK(log_out({}, of_other, true, now + 1000.01) == Reason::token_expired);  // its session is over
  CHECK(log_out(other->refresh_token, SentAccess(), true, now + 1000.01) == Reason::refresh_token_invalid);
  CHECK(served.ask(service->begin_renewal(*other->refresh_token, SentAccess(), now)));
  CHECK(log_out({}, of_other, true, now + 999) == Reason::accepted);
  CHECK_FALSE(served.ask(service->begin_renewal(*other->refresh_token, SentAccess(), now)));
}

TEST_CASE("Where names may be read without case a success forgets no wrong password: it may have been another user's") {
  Served served;
  served.settings.login_limits.user_and_address = 5;
  served.start();
  const auto service = served.service();
  const auto log_in = [&](std::string name, std::string password) {
    const accounts::Credentials tried{std::move(name), Secret(std::move(password))};
    const auto answer = served.ask(service->login(tried, "192.0.2.1", unix_now()));
    return answer ? Reason::accepted : answer.error().reason;
  };
  for (const auto& [own, guessed] : {std::pair{"Ann", "ann"}, std::pair{"bob", "Bob"}}) {
    for (int i = 0; i < 4; ++i) CHECK(log_in(guessed, "wrong") == Reason::credentials_invalid);
    CHECK(log_in(own, "right") == Reason::accepted);
    CHECK(log_in(guessed, "wrong") == Reason::credentials_invalid);
    CHECK(log_in(guessed, "wrong") == Reason::rate_limited);
  }
}

TEST_CASE("An access token ends with its session at the latest") {
  Served served;
  served.settings.session_lifetime = conf::Duration(100'000);
  served.start();
  const double now = std::floor(unix_now()) + 1.25;
  const auto service = served.service();
  const auto session = served.ask(service->login(credentials(), "192.0.2.1", now));
  REQUIRE(session);
  CHECK(claim(*session, "exp") == std::floor(now) + 100);
  CHECK(session->expires_in == 100);

  served.settings.access_lifetime = conf::Duration(99'000);
  const auto shorter = served.ask(served.service()->login(credentials(), "192.0.2.1", now));
  REQUIRE(shorter);
  CHECK(claim(*shorter, "exp") == std::floor(now) + 99);
  CHECK(shorter->expires_in == 99);
}

TEST_CASE("An access token ends before its key retires, however long it is meant to live") {
  Served served;
  const state::Millis retired = to_millis(std::floor(unix_now()) + 500);
  add_key(served, retired);
  served.settings.leeway = conf::Duration(5'000);
  served.settings.signing_keys.publish_ahead = conf::Duration(60'000);
  served.start();
  const auto session = served.ask(served.service()->login(credentials(), "192.0.2.1", unix_now()));
  REQUIRE(session);
  CHECK(claim(*session, "exp") == to_seconds(retired));
  CHECK(session->expires_in == to_seconds(retired) - claim(*session, "iat"));
}

TEST_CASE("Right passwords that are being judged lock nobody out for the window") {
  Served served;
  served.settings.login_limits.user_and_address = 2;
  served.start();
  served.accounts->held = true;
  const auto service = served.service();
  std::optional<Login> one, other;
  served.spawn(service->login(credentials(), "192.0.2.1", unix_now()), one);
  served.spawn(service->login(credentials(), "192.0.2.1", unix_now()), other);
  run_until(served.io, [&] { return served.accounts->waiting.size() == 2; });
  const auto third = served.ask(service->login(credentials(), "192.0.2.1", unix_now()));
  REQUIRE_FALSE(third);
  CHECK(third.error().reason == Reason::rate_limited);
  CHECK(third.error().retry_after == 1);
  CHECK(served.accounts->waiting.size() == 2);

  served.accounts->held = false;
  served.accounts->release();
  run_until(served.io, [&] { return one && other; });
  CHECK(one->has_value());
  CHECK(other->has_value());
  const auto again = served.ask(service->login(credentials(), "192.0.2.1", unix_now()));
  CHECK(again.has_value());
}

TEST_CASE("Guesses at once are no more than one after the other, and wrong ones lock out for the window") {
  Served served;
  served.settings.login_limits.user_and_address = 2;
  served.start();
  served.accounts->held = true;
  const auto service = served.service();
  std::array<std::optional<Login>, 5> guesses;
  for (auto& guess : guesses) served.spawn(service->login(credentials("wrong"), "192.0.2.1", unix_now()), guess);
  const auto answered = [&] {
    return std::count_if(guesses.begin(), guesses.end(), [](const auto& one) { return one.has_value(); });
  };
  run_until(served.io, [&] { return answered() == 3; });
  CHECK(served.accounts->waiting.size() == 2);
  served.accounts->held = false;
  served.accounts->release();
  run_until(served.io, [&] { return answered() == 5; });
  const auto locked = served.ask(service->login(credentials(), "192.0.2.1", unix_now()));
  REQUIRE_FALSE(locked);
  CHECK(locked.error().reason == Reason::rate_limited);
  CHECK(locked.error().retry_after > 290);
}

TEST_CASE("A client's token of a second whose tokens are revoked is of the next one, as a login's is") {
  Served served;
  served.start();
  const double now = std::floor(unix_now()) + 1.25;
  accounts::Client client;
  client.id = "reports";
  client.grants = {"client_credentials"};
  client.audiences = {"shop-api"};
  const auto issued_at = [&] {
    const auto tokens = served.ask(served.service()->issue_to(client, ClientCredentialsRequest(), now));
    REQUIRE_MESSAGE(tokens.has_value(), tokens.error().detail);
    CHECK(tokens->expires_in == claim(*tokens, "exp") - claim(*tokens, "iat"));
    return claim(*tokens, "iat") - std::floor(now);
  };
  CHECK(issued_at() == 0);
  state::Revocation revocation;
  revocation.kind = state::Revocation::Kind::sub;
  revocation.issuer = test_issuer;
  revocation.value = client.id;
  revocation.before = to_millis(std::floor(now) + 1);
  revocation.until = to_millis(now + 3600);
  served.shared->revocations->insert({&revocation, 1});
  CHECK(issued_at() == 1);
}

TEST_CASE("A refresh token of a session that began under another issuer is not active, as it refreshes nothing") {
  Served served;
  served.start();
  const auto session = served.ask(served.service()->login(credentials(), "192.0.2.1", unix_now()));
  REQUIRE(session);
  const auto token = state::parse_refresh_token(session->refresh_token->reveal()).value();
  const auto told = [&] { return served.ask(served.service()->introspect_refresh_token(token, unix_now())).value(); };
  CHECK(told().find(R"("active":true)") != std::string::npos);
  served.settings.issuer = "https://new.example.com";
  CHECK(told() == inactive_reply());
}

TEST_CASE("A refresh token of a user who is gone is not active, and its session ends by a refresh alone") {
  Served served;
  served.start();
  const auto session = served.ask(served.service()->login(credentials(), "192.0.2.1", unix_now()));
  REQUIRE(session);
  const auto token = state::parse_refresh_token(session->refresh_token->reveal()).value();
  const auto told = [&] { return served.ask(served.service()->introspect_refresh_token(token, unix_now())); };
  served.accounts->gone = Reason::refresh_token_invalid;
  CHECK(told().value() == inactive_reply());
  served.accounts->gone = Reason::store_unavailable;
  CHECK(told().error().reason == Reason::store_unavailable);
  served.accounts->gone.reset();
  CHECK(told().value().find(R"("active":true)") != std::string::npos);
}

}  // namespace postern::token_service
