// How many used refresh tokens of a session are known.
#include "state/sqlite/statement.hpp"
#include "tests/store/stores.hpp"

namespace postern::state {
namespace {

// Uses the tokens 0 to `count` - 1 of a session that begins with token 0, one each millisecond from 1100 on, or all at
// once.
void use_tokens(const Waiting& waiting, std::uint64_t count, Millis step) {
  waiting.begin(family_of("s"), hash_of(0), 5000);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Millis now = 1100 + static_cast<Millis>(i) * step;
    REQUIRE(waiting.rotate(rotation_of("s", i, i + 1, now)).presented == Presented::current);
  }
}

}  // namespace

TEST_CASE_TEMPLATE("Of a session's used tokens the latest are known, and what was used before them is unknown", Place,
                   STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  const auto find = [&](std::uint64_t token) { return waiting.find("s", hash_of(token), 1300).presented; };
  SUBCASE("as many as are kept") {
    use_tokens(waiting, most_used_tokens, 1);
    CHECK(find(0) == Presented::reused);
    CHECK(find(most_used_tokens) == Presented::current);
  }
  SUBCASE("one more") {
    use_tokens(waiting, most_used_tokens + 1, 1);
    CHECK(find(0) == Presented::unknown);
    CHECK(find(1) == Presented::reused);
    CHECK(find(most_used_tokens) == Presented::reused);
    CHECK(find(most_used_tokens + 1) == Presented::current);
    // It is refused, and ends nothing.
    CHECK(waiting.rotate(rotation_of("s", 0, 900, 1300)).presented == Presented::unknown);
    CHECK(waiting.rotate(rotation_of("s", 1, 900, 1300)).presented == Presented::reused);
  }
  SUBCASE("by a clock that stands still, the order is that of their use all the same") {
    use_tokens(waiting, 2 * most_used_tokens, 0);
    CHECK(find(most_used_tokens - 1) == Presented::unknown);
    for (std::uint64_t i = most_used_tokens; i < 2 * most_used_tokens; ++i) CHECK(find(i) == Presented::reused);
    const Rotated replayed = waiting.rotate(rotation_of("s", most_used_tokens, 900, 1109));
    CHECK(replayed.presented == Presented::within_grace);
    CHECK(replayed.existing->bytes == "sealed " + std::to_string(most_used_tokens + 1));
  }
}

TEST_CASE_TEMPLATE("A session that was refreshed on and on is swept as any other", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  use_tokens(waiting, 2 * most_used_tokens, 1);
  CHECK(waiting.sweep(1400) == most_used_tokens);        // the sealed successors
  CHECK(waiting.sweep(1799, 1000) == most_used_tokens);  // the used tokens, the last of which would expire then
  CHECK(waiting.sweep(5000 + kept_after_end) == 2);
  CHECK(waiting.sweep(5000 + kept_after_end) == 0);
}

TEST_CASE("In SQLite a session that is refreshed on and on has so many rows and no more") {
  const SqlitePlace place;
  const auto store = place.open();
  use_tokens(Waiting{*store}, 2 * most_used_tokens, 1);
  auto database = Database::open(place.options.file, std::chrono::seconds(5));
  REQUIRE(database);
  Query count(*database, "SELECT count(*) FROM refresh_tokens");
  REQUIRE(count.next());
  CHECK(count.integer(0) == most_used_tokens + 1);
}

TEST_CASE("In Redis a session that is refreshed on and on has so many fields and members and no more") {
  const RedisServer server;
  RedisOptions options;
  options.url.host = "127.0.0.1";
  options.url.port = server.port();
  const auto store = open_redis_store(options);
  use_tokens(Waiting{*store}, 2 * most_used_tokens, 1);
  const std::string fields = server.ask({"HLEN", "{postern}:family:s"});
  CHECK(server.ask({"ZCARD", "{postern}:used"}) == std::to_string(most_used_tokens));
  CHECK(server.ask({"ZCARD", "{postern}:sealed"}) == std::to_string(most_used_tokens));
  const Waiting waiting{*store};
  for (std::uint64_t i = 2 * most_used_tokens; i < 4 * most_used_tokens; ++i) {
    REQUIRE(waiting.rotate(rotation_of("s", i, i + 1, 1400)).presented == Presented::current);
  }
  CHECK(server.ask({"HLEN", "{postern}:family:s"}) == fields);
}

}  // namespace postern::state
