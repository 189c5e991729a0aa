// How many used refresh tokens of a session are known, and when another one may be used.
#include <algorithm>
#include <thread>
#include <vector>

#include "state/sqlite/statement.hpp"
#include "tests/store/stores.hpp"

namespace postern::state {
namespace {

constexpr Millis known_for = known_after_use, began = 1000;
constexpr std::uint64_t most = 20;  // as many as a session of these tests may have, but where it is told

Family long_session() {
  Family family = family_of("s");
  family.ends = 100 * known_for;
  return family;
}

Rotation long_rotation(std::uint64_t token, Millis now) {
  Rotation rotation = rotation_of("s", token, token + 1, now);
  rotation.lifetime = 3 * known_for;
  rotation.most_used = most;
  return rotation;
}

void begin(const Waiting& waiting) {
  waiting.begin(long_session(), hash_of(0), 3 * known_for);
}

// Uses the tokens `from` to `to` - 1, each of which follows the one before it; the first at `now`.
void use_tokens(const Waiting& waiting, std::uint64_t from, std::uint64_t to, Millis now, Millis step) {
  for (std::uint64_t i = from; i < to; ++i) {
    CAPTURE(i);
    REQUIRE(waiting.rotate(long_rotation(i, now + static_cast<Millis>(i - from) * step)).presented ==
            Presented::current);
  }
}

Presented find(const Waiting& waiting, std::uint64_t token, Millis now) {
  return waiting.find("s", hash_of(token), now).presented;
}

// Whose answers do not wait for each other: SQLite writes them as one.
std::vector<Rotated> rotate_all(Store& store, std::uint64_t count, Millis now) {
  std::vector<Rotated> rotated;
  constexpr std::uint64_t at_once = 1000;
  for (std::uint64_t from = 0; from < count; from += at_once) {
    std::vector<Answer<Rotated>> answers(std::min(at_once, count - from));
    for (std::uint64_t i = 0; i < answers.size(); ++i) {
      Rotation rotation = rotation_of("s", from + i, from + i + 1, now);
      rotation.lifetime = 3 * known_for;
      store.rotate(std::move(rotation), answers[i].done());
    }
    for (auto& answer : answers) rotated.push_back(answer.value());
  }
  return rotated;
}

}  // namespace

TEST_CASE_TEMPLATE("When a session has as many used tokens as it may, no other is used until the first is a day old",
                   Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  begin(waiting);
  use_tokens(waiting, 0, most, began, 1);
  const auto rotate = [&](Millis now) { return waiting.rotate(long_rotation(most, now)); };
  const Rotated refused = rotate(began + most);
  CHECK(refused.presented == Presented::too_often);
  CHECK(refused.wait == known_for - static_cast<Millis>(most));
  CHECK(refused.expires == 0);
  CHECK(refused.family == long_session());
  const Rotated looked = waiting.look(long_rotation(most, began + most));
  CHECK(looked.presented == Presented::too_often);
  CHECK(looked.wait == refused.wait);
  CHECK(rotate(began + known_for - 1).wait == 1);
  CHECK(find(waiting, most, began + known_for - 1) == Presented::current);
  CHECK(find(waiting, 0, began + known_for - 1) == Presented::reused);

  CHECK(waiting.look(long_rotation(most, began + known_for)).presented == Presented::current);
  CHECK(find(waiting, 0, began + known_for) == Presented::reused);
  CHECK(rotate(began + known_for).presented == Presented::current);
  CHECK(find(waiting, 0, began + known_for) == Presented::unknown);
  CHECK(find(waiting, 1, began + known_for) == Presented::reused);
  // The next was used a millisecond later.
  CHECK(waiting.rotate(long_rotation(most + 1, began + known_for)).wait == 1);
  CHECK(waiting.rotate(long_rotation(most + 1, began + known_for + 1)).presented == Presented::current);
  // What is forgotten ends nothing; what is known does.
  CHECK(waiting.rotate(long_rotation(1, began + known_for + 1)).presented == Presented::unknown);
  CHECK(waiting.rotate(long_rotation(2, began + known_for + 1)).presented == Presented::reused);
  CHECK(find(waiting, most + 2, began + known_for + 1) == Presented::family_ended);
}

TEST_CASE_TEMPLATE("A session that is refreshed slowly goes on and on, and its latest used tokens are known", Place,
                   STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  begin(waiting);
  constexpr Millis step = known_for / static_cast<Millis>(most);
  use_tokens(waiting, 0, 3 * most, began, step);
  const Millis last = began + static_cast<Millis>(3 * most - 1) * step;
  for (std::uint64_t i = 0; i < 2 * most; ++i) CHECK(find(waiting, i, last) == Presented::unknown);
  for (std::uint64_t i = 2 * most; i < 3 * most - 1; ++i) CHECK(find(waiting, i, last) == Presented::reused);
  CHECK(find(waiting, 3 * most, last) == Presented::current);
}

TEST_CASE_TEMPLATE("A session that may use no more tokens still replays, repeats, and detects reuse", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  begin(waiting);
  use_tokens(waiting, 0, most, began, 0);  // by a clock that stands still
  REQUIRE(waiting.rotate(long_rotation(most, began)).presented == Presented::too_often);
  SUBCASE("the same call, whose answer was lost") {
    const Rotated repeated = waiting.rotate(long_rotation(most - 1, began + 5));
    CHECK(repeated.presented == Presented::current);
    CHECK(repeated.expires == began + 3 * known_for);
  }
  SUBCASE("within the grace, each its own successor") {
    for (std::uint64_t i = 0; i < most; ++i) {
      Rotation another = long_rotation(i, began + 9);
      another.successor = hash_of(900);
      const Rotated replayed = waiting.rotate(another);
      CHECK(replayed.presented == Presented::within_grace);
      CHECK(replayed.existing->bytes == "sealed " + std::to_string(i + 1));
    }
  }
  SUBCASE("reuse of the first of them") {
    CHECK(waiting.rotate(long_rotation(0, began + 10)).presented == Presented::reused);
    CHECK(waiting.rotate(long_rotation(most, began + 10)).presented == Presented::family_ended);
  }
  SUBCASE("the first gives way by the order of use") {
    CHECK(waiting.rotate(long_rotation(most, began + known_for)).presented == Presented::current);
    CHECK(find(waiting, 0, began + known_for) == Presented::unknown);
    for (std::uint64_t i = 1; i < most; ++i) CHECK(find(waiting, i, began + known_for) == Presented::reused);
  }
}

TEST_CASE_TEMPLATE("A new token for an expired one counts as any other", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  begin(waiting);
  use_tokens(waiting, 0, most - 1, began, 0);
  Rotation last = long_rotation(most - 1, began);
  last.lifetime = 5;
  REQUIRE(waiting.rotate(last).presented == Presented::current);
  const Rotated refused = waiting.reissue(long_rotation(most, began + 5));
  CHECK(refused.presented == Presented::too_often);
  CHECK(refused.wait == known_for - 5);
  CHECK(waiting.reissue(long_rotation(most, began + known_for)).presented == Presented::current);
}

TEST_CASE_TEMPLATE("Used tokens that are swept have made room, also from among those that stay", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  begin(waiting);
  use_tokens(waiting, 0, 2, began, 0);
  for (std::uint64_t i = 2; i < most; ++i) {
    Rotation rotation = long_rotation(i, began);
    if (i + 1 < most) rotation.lifetime = 5;
    REQUIRE(waiting.rotate(rotation).presented == Presented::current);
  }
  CHECK(waiting.rotate(long_rotation(most, began + 20)).presented == Presented::too_often);
  // The sealed successors, then all used ones but 0, 1 and 2, whose time is not over.
  CHECK(waiting.sweep(began + 20) == most + most - 3);
  CHECK(find(waiting, 2, began + 20) == Presented::reused);
  CHECK(find(waiting, 3, began + 20) == Presented::unknown);
  use_tokens(waiting, most, 2 * most - 3, began + 20, 0);
  CHECK(waiting.rotate(long_rotation(2 * most - 3, began + 20)).wait == known_for - 20);
  CHECK(waiting.rotate(long_rotation(2 * most - 3, began + known_for)).presented == Presented::current);
  CHECK(find(waiting, 0, began + known_for) == Presented::unknown);
  CHECK(find(waiting, 1, began + known_for) == Presented::reused);
}

TEST_CASE_TEMPLATE("10,000 tokens of a session may be used in a day, where nothing else is said", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  begin(waiting);
  REQUIRE(Rotation().most_used == 10'000);
  const std::vector<Rotated> rotated = rotate_all(*store, 10'001, began);
  for (std::size_t i = 0; i < 10'000; ++i) REQUIRE(rotated[i].presented == Presented::current);
  CHECK(rotated[10'000].presented == Presented::too_often);
  CHECK(rotated[10'000].wait == 86'400'000);
  CHECK(find(waiting, 0, began + 10) == Presented::reused);
  CHECK(waiting.rotate(rotation_of("s", 10'000, 10'001, began + known_for)).presented == Presented::current);
  // It is swept as any other, in pieces.
  CHECK(waiting.sweep(began + known_for, 20'000) == 9'999);  // the sealed successors, but the last
  std::size_t swept = 0;
  for (std::size_t piece = 1; piece != 0; swept += piece) piece = waiting.sweep(100 * known_for + kept_after_end, 2000);
  CHECK(swept == 1 + 10'000 + 2);
}

TEST_CASE("In SQLite a session that is refreshed on and on has so many rows and no more, nor does a refusal make one") {
  const SqlitePlace place;
  const auto store = place.open();
  const Waiting waiting{*store};
  begin(waiting);
  auto database = Database::open(place.options.file, std::chrono::seconds(5));
  REQUIRE(database);
  const auto number = [&](std::string_view sql) {
    Query query(*database, sql);
    REQUIRE(query.next());
    return query.integer(0);
  };
  use_tokens(waiting, 0, 3 * most, began, known_for / static_cast<Millis>(most));
  CHECK(number("SELECT count(*) FROM refresh_tokens") == most + 1);
  CHECK(number("SELECT used_tokens FROM families") == most);
  const Millis now = began + static_cast<Millis>(3 * most) * (known_for / static_cast<Millis>(most));
  use_tokens(waiting, 3 * most, 3 * most + 1, now, 0);
  REQUIRE(waiting.rotate(long_rotation(3 * most + 1, now)).presented == Presented::too_often);
  CHECK(number("SELECT count(*) FROM refresh_tokens") == most + 1);
  CHECK(number("SELECT count(*) FROM refresh_tokens WHERE used IS NOT NULL") == most);
}

TEST_CASE("An SQLite file that was made without a count of used tokens gets one") {
  const SqlitePlace place;
  {
    const auto store = place.open();
    begin(Waiting{*store});
    use_tokens(Waiting{*store}, 0, most - 1, began, 1);
  }
  {
    auto database = Database::open(place.options.file, std::chrono::seconds(5));
    REQUIRE(database);
    database->run(
        "DROP TRIGGER token_used; DROP TRIGGER used_token_gone; ALTER TABLE families DROP COLUMN used_tokens;"
        "DROP INDEX tokens_by_family; CREATE INDEX tokens_by_family ON refresh_tokens(sid)");
    REQUIRE_FALSE(database->failed());
  }
  // By several at once.
  std::vector<std::unique_ptr<Store>> stores(8);
  std::vector<std::thread> threads;
  for (auto& store : stores) threads.emplace_back([&] { store = place.open(); });
  for (std::thread& thread : threads) thread.join();
  const Waiting waiting{*stores.front()};
  use_tokens(waiting, most - 1, most, began + 100, 0);
  CHECK(waiting.rotate(long_rotation(most, began + 100)).wait == known_for - 100);
}

TEST_CASE("In Redis a session that is refreshed on and on has so much and no more, and a refusal writes nothing") {
  const RedisServer server;
  RedisOptions options;
  options.url.host = "127.0.0.1";
  options.url.port = server.port();
  const auto store = open_redis_store(options);
  const Waiting waiting{*store};
  begin(waiting);
  use_tokens(waiting, 0, most, began, 0);
  const auto sizes = [&] {
    return std::vector{server.ask({"HLEN", "{postern}:family:s"}), server.ask({"LLEN", "{postern}:uses:s"}),
                       server.ask({"ZCARD", "{postern}:used"}), server.ask({"ZCARD", "{postern}:sealed"})};
  };
  const auto before = sizes();
  CHECK(before[1] == std::to_string(most));
  const auto changes = [&] {
    const std::string info = server.ask({"INFO", "persistence"});
    const std::size_t at = info.find("rdb_changes_since_last_save:");
    REQUIRE(at != std::string::npos);
    return info.substr(at, info.find('\n', at) - at);
  };
  const std::string written = changes();
  REQUIRE(waiting.rotate(long_rotation(most, began)).presented == Presented::too_often);
  CHECK(changes() == written);
  use_tokens(waiting, most, 3 * most, began + known_for, known_for / static_cast<Millis>(most));
  CHECK(sizes() == before);
  waiting.sweep(100 * known_for + kept_after_end);
  CHECK(server.ask({"KEYS", "*"}).find("{postern}:") == std::string::npos);
}

}  // namespace postern::state
