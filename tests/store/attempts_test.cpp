#include "tests/store/stores.hpp"

namespace postern::state {

TEST_CASE_TEMPLATE("The limit's attempts pass, the next is told how long the window goes on", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  const std::vector<Attempt> attempt{{"a", 3, 100}};
  for (Millis now = 1000; now < 1003; ++now) CHECK(waiting.count(attempt, now) == 0);
  CHECK(waiting.count(attempt, 1003) == 97);
  CHECK(waiting.count(attempt, 1099) == 1);
  CHECK(waiting.count(attempt, 1100) == 0);  // a new window, with two more
  CHECK(waiting.count(attempt, 1101) == 0);
  CHECK(waiting.count(attempt, 1102) == 0);
  CHECK(waiting.count(attempt, 1103) == 97);
}

TEST_CASE_TEMPLATE("With one name at its limit nothing is counted under the others, and the latest end is told", Place,
                   STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  CHECK(waiting.count({{"a", 1, 100}}, 1000) == 0);
  CHECK(waiting.count({{"c", 1, 300}}, 1000) == 0);
  CHECK(waiting.count({{"b", 1, 50}, {"a", 1, 100}, {"c", 1, 300}}, 1010) == 290);
  CHECK(waiting.count({{"b", 1, 50}}, 1010) == 0);
  CHECK(waiting.count({{"b", 1, 50}}, 1011) == 49);
}

TEST_CASE_TEMPLATE("A window that was begun by a clock which was ahead goes on no longer than one that begins now",
                   Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  CHECK(waiting.count({{"a", 1, 100}}, 5000) == 0);
  CHECK(waiting.count({{"a", 1, 100}}, 1000) == 100);
  CHECK(waiting.count({{"a", 1, 100}}, 1099) == 1);
  CHECK(waiting.count({{"a", 1, 100}}, 1100) == 0);
}

TEST_CASE_TEMPLATE("An attempt that was right takes itself back, and where it is forgiven all that was counted", Place,
                   STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  const Attempt forgiven{"a", 2, 100, true}, other{"b", 2, 100};
  CHECK(waiting.count({forgiven, other}, 1000) == 0);
  CHECK(waiting.count({forgiven, other}, 1001) == 0);
  CHECK(waiting.count({forgiven, other}, 1002) == 98);
  waiting.uncount({forgiven, other, {"never counted", 1, 100}});
  CHECK(waiting.count({forgiven}, 1003) == 0);
  CHECK(waiting.count({forgiven}, 1004) == 0);
  CHECK(waiting.count({forgiven}, 1005) == 98);
  CHECK(waiting.count({other}, 1006) == 0);
  CHECK(waiting.count({other}, 1007) == 93);
}

}  // namespace postern::state
