#include "filters/token_service/revocations.hpp"

#include <doctest/doctest.h>

#include "tests/unit/token_service/silent_store.hpp"

namespace postern::token_service {
namespace {

using std::chrono::milliseconds, std::chrono::steady_clock;

state::Revocation of_key(std::string kid) {
  return {.kind = state::Revocation::Kind::kid,
          .issuer = "https://id.example",
          .value = std::move(kid),
          .before = {},
          .until = 4'000'000'000'000};
}

}  // namespace

TEST_CASE("A store that was heard of is followed for the patience, whatever the wall clock says") {
  SilentStore store;
  const auto revocations = Revocations::follow(store);
  revocations->set_patience(30'000);
  for (const state::Millis wall_clock : {1'700'003'600'000, 1'700'000'000'000, 4'000'000'000'000}) {
    store.heard.complete({});
    const auto before = steady_clock::now();
    store.heard.caught_up(wall_clock);
    const auto after = steady_clock::now();
    CHECK(revocations->is_following(before + milliseconds(29'999)));
    CHECK_FALSE(revocations->is_following(after + milliseconds(30'001)));
    CHECK_FALSE(revocations->is_following(after + std::chrono::hours(2)));
    CHECK(revocations->caught_up_at() == wall_clock);
  }
}

TEST_CASE("A store is loaded when all that it had is known and nothing was newer") {
  SilentStore store;
  const auto revocations = Revocations::follow(store);
  CHECK_FALSE(revocations->has_loaded());
  CHECK_FALSE(revocations->is_following(steady_clock::now()));
  store.heard.complete({});
  CHECK_FALSE(revocations->has_loaded());
  store.heard.caught_up(1);
  CHECK(revocations->has_loaded());
  CHECK(revocations->is_following(steady_clock::now()));
}

TEST_CASE("What is revoked stays so when the wall clock is ahead for a moment") {
  constexpr state::Millis begun = 1'700'000'000'000, hour = 3'600'000;
  SilentStore store;
  const auto revocations = Revocations::follow(store);
  state::Revocation revocation = of_key("k");
  revocation.until = begun + hour;
  store.heard.complete({{1, revocation}});
  for (const state::Millis wall_clock : {begun, begun + 26 * hour, begun + 27 * hour, begun}) {
    store.heard.caught_up(wall_clock);
    CHECK(revocations->size() == 1);
  }
}

TEST_CASE("What is revoked stays so when the wall clock is ahead at the start") {
  constexpr state::Millis begun = 1'700'000'000'000, hour = 3'600'000;
  SilentStore store;
  const auto revocations = Revocations::follow(store);
  state::Revocation revocation = of_key("k");
  revocation.until = begun + hour;
  store.heard.complete({{1, revocation}});
  for (const state::Millis wall_clock : {begun + 48 * hour, begun}) {
    store.heard.caught_up(wall_clock);
    CHECK(revocations->size() == 1);
    CHECK(revocations->is_own_key_revoked("k"));
  }
}

TEST_CASE("A key of the service is revoked by its name, whatever issuer was said, and counted once") {
  SilentStore store;
  const auto revocations = Revocations::follow(store);
  CHECK_FALSE(revocations->is_own_key_revoked("k"));
  state::Revocation revocation = of_key("k");
  for (const char* issuer : {"https://id.example", "https://another.example"}) {
    revocation.issuer = issuer;
    store.heard.added({{1, revocation}});
    CHECK(revocations->is_own_key_revoked("k"));
    CHECK_FALSE(revocations->is_own_key_revoked("l"));
  }
  CHECK(revocations->size() == 2);
  state::Revocation session = of_key("s");
  session.kind = state::Revocation::Kind::sid;
  store.heard.added({{3, session}});
  CHECK_FALSE(revocations->is_own_key_revoked("s"));
}

TEST_CASE("Who listens hears of revoked keys, and of nothing else, as long as it lives") {
  SilentStore store;
  const auto revocations = Revocations::follow(store);
  auto owner = std::make_shared<int>(0);
  int heard = 0;
  revocations->on_key_revoked(owner, [&heard] { ++heard; });
  state::Revocation session = of_key("s");
  session.kind = state::Revocation::Kind::sid;
  store.heard.added({{1, session}});
  CHECK(heard == 0);
  store.heard.added({{2, of_key("k")}});
  CHECK(heard == 1);
  const state::Revocation own = of_key("l");
  revocations->insert({&own, 1});
  CHECK(heard == 2);
  owner.reset();
  store.heard.added({{3, of_key("m")}});
  CHECK(heard == 2);
}

}  // namespace postern::token_service
