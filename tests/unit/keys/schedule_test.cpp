#include "filters/keys/schedule.hpp"

#include <doctest/doctest.h>

namespace postern::keys {
namespace {

using namespace std::chrono_literals;
using Answer = Schedule::Answer;

constexpr Instant start{1'000'000s};

// A schedule whose first fetch ended at `start` with what the limits say about nothing: due in 15 min.
Schedule loaded(const ScheduleLimits& limits = {}) {
  Schedule schedule(limits, start);
  schedule.began(start);
  schedule.succeeded(start, std::nullopt);
  return schedule;
}

// The pause after the next failure.
milliseconds pause_after_failure(Schedule& schedule, Instant now, double random) {
  schedule.began(now);
  schedule.failed(now, random);
  return std::chrono::duration_cast<milliseconds>(schedule.due() - now);
}

milliseconds pause_for(std::optional<milliseconds> fresh_for) {
  Schedule schedule({}, start);
  schedule.began(start);
  schedule.succeeded(start, fresh_for);
  return std::chrono::duration_cast<milliseconds>(schedule.due() - start);
}

}  // namespace

TEST_CASE("The first fetch is due at once and nothing can be used before it") {
  const Schedule schedule({}, start);
  CHECK(schedule.due() == start);
  CHECK_FALSE(schedule.in_flight());
  CHECK_FALSE(schedule.usable_until());
}

TEST_CASE("While a fetch is in flight none is due and everybody joins it") {
  Schedule schedule({}, start);
  schedule.began(start);
  CHECK(schedule.in_flight());
  CHECK(schedule.due() == Instant::max());
  CHECK(schedule.ask_for_any_keys(start) == Answer::join);
  CHECK(schedule.ask_for_unknown_kid(start) == Answer::join);
  CHECK(schedule.ask_for_unknown_kid(start + 24h) == Answer::join);
}

TEST_CASE("The next fetch is due ahead of the end of what is fresh, within both bounds") {
  CHECK(pause_for(std::nullopt) == 900s);
  CHECK(pause_for(100s) == 90s);
  CHECK(pause_for(0s) == 60s);
  CHECK(pause_for(-1s) == 60s);
  CHECK(pause_for(66'660ms) == 60s);
  CHECK(pause_for(66'680ms) == 60'012ms);
  CHECK(pause_for(999'990ms) == 899'991ms);
  CHECK(pause_for(1'000s) == 900s);
  CHECK(pause_for(1'000'010ms) == 900s);
  CHECK(pause_for(2'147'483'647s) == 900s);
  CHECK(pause_for(milliseconds::max()) == 900s);
}

TEST_CASE("Of those who share a source the strictest decides, in everything") {
  const ScheduleLimits a{.min_refresh = 1s, .max_refresh = 20s, .max_stale = 3h, .unknown_kid_cooldown = 4s};
  const ScheduleLimits b{.min_refresh = 10s, .max_refresh = 2s, .max_stale = 30h, .unknown_kid_cooldown = 40s};
  const ScheduleLimits both = strictest(a, b);
  CHECK(both.min_refresh == 1s);
  CHECK(both.max_refresh == 2s);
  CHECK(both.max_stale == 3h);
  CHECK(both.unknown_kid_cooldown == 4s);
}

TEST_CASE("The time counts from the begin of the fetch, the use of its keys from the end") {
  Schedule schedule({}, start);
  schedule.began(start);
  schedule.succeeded(start + 20s, 100s);
  CHECK(schedule.due() == start + 90s);
  CHECK(schedule.usable_until() == start + 20s + 24h);
}

TEST_CASE("A provider that is slower than the refresh interval is left alone for a while all the same") {
  Schedule schedule({.min_refresh = 1s, .max_refresh = 1s}, start);
  schedule.began(start);
  schedule.succeeded(start + 10s, std::nullopt);
  CHECK(schedule.due() == start + 10s + 500ms);
}

TEST_CASE("Keys may be used until max_stale after the last good fetch, whatever fails in between") {
  Schedule schedule = loaded({.max_stale = 1h});
  CHECK(schedule.usable_until() == start + 1h);
  schedule.began(start + 30min);
  CHECK(schedule.usable_until() == start + 1h);
  schedule.failed(start + 31min, 0.5);
  CHECK(schedule.usable_until() == start + 1h);
  schedule.began(start + 50min);
  schedule.succeeded(start + 51min, std::nullopt);
  CHECK(schedule.usable_until() == start + 51min + 1h);
}

TEST_CASE("Without a good fetch a failure leaves nothing to use") {
  Schedule schedule({}, start);
  schedule.began(start);
  schedule.failed(start, 0);
  CHECK_FALSE(schedule.usable_until());
}

TEST_CASE("The back-off doubles from the least to the most, times a half to one") {
  Schedule low({}, start), high({}, start);
  for (const milliseconds full : {1'000ms, 2'000ms, 4'000ms, 8'000ms, 16'000ms, 30'000ms, 30'000ms, 30'000ms}) {
    CHECK(pause_after_failure(low, start, 0) == full / 2);
    const milliseconds pause = pause_after_failure(high, start, 0.999);
    CHECK(pause < full);
    CHECK(pause >= full * 999 / 1000);
  }
}

TEST_CASE("A maximum that is no doubling of the minimum is kept, as is one below it") {
  Schedule odd({.backoff_min = 1s, .backoff_max = 3s}, start);
  for (const milliseconds full : {1'000ms, 2'000ms, 3'000ms, 3'000ms}) {
    CHECK(pause_after_failure(odd, start, 0) == full / 2);
  }
  Schedule reversed({.backoff_min = 5s, .backoff_max = 2s}, start);
  CHECK(pause_after_failure(reversed, start, 0) == 1s);
  CHECK(pause_after_failure(reversed, start, 0) == 1s);
}

TEST_CASE("No number of failures makes the back-off overflow") {
  Schedule schedule({}, start);
  Instant now = start;
  for (int i = 0; i < 200'000; ++i) {
    const milliseconds pause = pause_after_failure(schedule, now, 0.999);
    REQUIRE(pause > 0ms);
    REQUIRE(pause <= 30s);
    now = schedule.due();
  }
}

TEST_CASE("A success ends the back-off: the next failure begins at the least again") {
  Schedule schedule({}, start);
  for (int i = 0; i < 10; ++i) pause_after_failure(schedule, start, 0);
  schedule.began(start);
  schedule.succeeded(start, std::nullopt);
  CHECK(schedule.due() == start + 900s);
  CHECK(schedule.ask_for_unknown_kid(start) == Answer::begin);
  CHECK(pause_after_failure(schedule, start, 0) == 500ms);
}

TEST_CASE("10,000 requests with unknown kids begin a burst of two fetches, then one for each cooldown") {
  Schedule schedule = loaded();
  int begun = 0, begun_in_burst = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Instant now = start + i * 10ms;  // 99.99 s: three cooldowns and a little
    if (schedule.ask_for_unknown_kid(now) != Answer::begin) continue;
    schedule.began(now);
    schedule.succeeded(now, std::nullopt);
    begun += 1;
    if (now < start + 30s) begun_in_burst += 1;
  }
  CHECK(begun_in_burst == 2);
  CHECK(begun == 2 + 3);
}

TEST_CASE("After the burst the next fetch for an unknown kid begins when the cooldown has passed, not before") {
  Schedule schedule = loaded();
  CHECK(schedule.ask_for_unknown_kid(start) == Answer::begin);
  CHECK(schedule.ask_for_unknown_kid(start) == Answer::begin);
  CHECK(schedule.ask_for_unknown_kid(start) == Answer::refused);
  CHECK(schedule.ask_for_unknown_kid(start + 30s - 1ns) == Answer::refused);
  CHECK(schedule.ask_for_unknown_kid(start + 30s) == Answer::begin);
  CHECK(schedule.ask_for_unknown_kid(start + 30s) == Answer::refused);
  CHECK(schedule.ask_for_unknown_kid(start + 60s - 1ns) == Answer::refused);
  CHECK(schedule.ask_for_unknown_kid(start + 60s) == Answer::begin);
}

TEST_CASE("However long nobody asks, the burst is two") {
  Schedule schedule = loaded({.max_refresh = 24h, .max_stale = 48h});
  const Instant later = start + 10h;
  for (const Instant now : {start, later}) {
    CHECK(schedule.ask_for_unknown_kid(now) == Answer::begin);
    CHECK(schedule.ask_for_unknown_kid(now) == Answer::begin);
    CHECK(schedule.ask_for_unknown_kid(now) == Answer::refused);
  }
  // A full budget stores no time up.
  CHECK(schedule.ask_for_unknown_kid(later + 30s - 1ns) == Answer::refused);
  CHECK(schedule.ask_for_unknown_kid(later + 30s) == Answer::begin);
}

TEST_CASE("The first load takes nothing from the budget for unknown kids") {
  Schedule schedule({}, start);
  CHECK(schedule.ask_for_unknown_kid(start) == Answer::begin);
  schedule.began(start);
  schedule.succeeded(start, std::nullopt);
  CHECK(schedule.ask_for_unknown_kid(start) == Answer::begin);
  CHECK(schedule.ask_for_unknown_kid(start) == Answer::begin);
  CHECK(schedule.ask_for_unknown_kid(start) == Answer::refused);
}

TEST_CASE("A fetch that is due begins for an unknown kid though the budget is spent") {
  Schedule schedule = loaded({.max_refresh = 60s, .unknown_kid_cooldown = 1h});
  schedule.ask_for_unknown_kid(start);
  schedule.ask_for_unknown_kid(start);
  CHECK(schedule.ask_for_unknown_kid(start + 60s - 1ns) == Answer::refused);
  CHECK(schedule.ask_for_unknown_kid(start + 60s) == Answer::begin);
}

TEST_CASE("No unknown kid begins a fetch while a back-off lasts, and its failure costs the budget once") {
  Schedule schedule = loaded();
  REQUIRE(schedule.ask_for_unknown_kid(start) == Answer::begin);
  REQUIRE(pause_after_failure(schedule, start, 0) == 500ms);
  CHECK(schedule.ask_for_unknown_kid(start) == Answer::refused);
  CHECK(schedule.ask_for_unknown_kid(start + 500ms - 1ns) == Answer::refused);
  CHECK(schedule.ask_for_unknown_kid(start + 500ms) == Answer::begin);
  schedule.began(start + 500ms);
  schedule.succeeded(start + 500ms, std::nullopt);
  CHECK(schedule.ask_for_unknown_kid(start + 500ms) == Answer::begin);
  CHECK(schedule.ask_for_unknown_kid(start + 500ms) == Answer::refused);
}

TEST_CASE("500 requests without keys begin one fetch for each step of the back-off") {
  Schedule schedule({}, start);
  int begun = 0;
  for (const milliseconds since : {0ms, 500ms, 1'500ms, 3'500ms, 7'500ms, 15'500ms, 30'500ms, 45'500ms}) {
    const Instant step = start + since;
    REQUIRE(schedule.due() == step);
    for (int i = 0; i < 500; ++i) {
      CHECK(schedule.ask_for_any_keys(step - 1ns) == Answer::refused);
    }
    for (int i = 0; i < 500; ++i) {
      const Answer answer = schedule.ask_for_any_keys(step);
      CHECK(answer == (i == 0 ? Answer::begin : Answer::join));
      if (answer != Answer::begin) continue;
      begun += 1;
      schedule.began(step);
    }
    schedule.failed(step, 0);
    for (int i = 0; i < 500; ++i) {
      CHECK(schedule.ask_for_any_keys(step) == Answer::refused);
    }
  }
  CHECK(begun == 8);
}

TEST_CASE("Restored keys can be used until max_stale after their fetch, and the first fetch stays due") {
  Schedule schedule({.max_stale = 1h}, start);
  schedule.restored(start - 20min);
  CHECK(schedule.usable_until() == start + 40min);
  CHECK(schedule.due() == start);
  schedule.change({.max_stale = 2h});
  CHECK(schedule.usable_until() == start + 100min);
  CHECK(schedule.due() == start);
  schedule.began(start);
  schedule.failed(start, 0);
  CHECK(schedule.usable_until() == start + 100min);
  CHECK(schedule.due() == start + 500ms);
}

TEST_CASE("Restored keys older than those of a good fetch change nothing") {
  Schedule schedule = loaded();
  schedule.restored(start - 1h);
  CHECK(schedule.usable_until() == start + 24h);
}

TEST_CASE("Other limits hold for the fetch that is waited for, but not for a back-off") {
  Schedule schedule = loaded();
  schedule.change({.max_refresh = 100s, .max_stale = 1h});
  CHECK(schedule.due() == start + 100s);
  CHECK(schedule.usable_until() == start + 1h);
  schedule.began(start + 90s);
  schedule.change({.max_refresh = 200s});
  CHECK(schedule.due() == Instant::max());
  schedule.failed(start + 90s, 0);
  const Instant due = schedule.due();
  schedule.change({.max_refresh = 100s});
  CHECK(schedule.due() == due);
}

TEST_CASE("Other limits before the first fetch leave it due at once") {
  Schedule schedule({}, start);
  schedule.change({.min_refresh = 10min});
  CHECK(schedule.due() == start);
}

}  // namespace postern::keys
