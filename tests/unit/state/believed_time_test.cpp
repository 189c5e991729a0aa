#include "state/believed_time.hpp"

#include <doctest/doctest.h>

namespace postern::state {
namespace {

constexpr Millis hour = 3'600'000, slack = BelievedTime::slack;

// A wall clock that is `offset` before the steady one.
struct Clocks {
  Millis turn(Millis steady, Millis offset) { return time.at(steady + offset, steady).now; }
  Millis forgetting(Millis steady, Millis offset) { return time.at(steady + offset, steady).forgetting; }

  BelievedTime time;
};

}  // namespace

TEST_CASE("A wall clock that goes with the steady one is believed, whatever it says first") {
  Clocks clocks;
  CHECK(clocks.turn(0, 1'700'000'000'000) == 1'700'000'000'000);
  CHECK(clocks.turn(5'000, 1'700'000'000'000) == 1'700'000'005'000);
  CHECK(clocks.turn(5'000 + 24 * hour, 1'700'000'000'000) == 1'700'000'005'000 + 24 * hour);
}

TEST_CASE("A wall clock that is set a little ahead is believed at once, each time") {
  Clocks clocks;
  clocks.turn(0, 100 * hour);
  CHECK(clocks.turn(1'000, 100 * hour + slack) == 100 * hour + slack + 1'000);
  CHECK(clocks.turn(2'000, 100 * hour + 2 * slack) == 100 * hour + 2 * slack + 2'000);
  CHECK(clocks.turn(3'000, 100 * hour + 3 * slack + 1) == 100 * hour + 2 * slack + 3'000);
}

TEST_CASE("A wall clock that runs ahead is not believed before it has been so for an hour") {
  Clocks clocks;
  clocks.turn(0, 100 * hour);
  CHECK(clocks.turn(5'000, 126 * hour) == 100 * hour + 5'000);
  CHECK(clocks.turn(5'000 + hour - 1, 126 * hour) == 101 * hour + 4'999);
  CHECK(clocks.turn(5'000 + hour, 126 * hour) == 127 * hour + 5'000);
  CHECK(clocks.turn(6'000 + hour, 126 * hour) == 127 * hour + 6'000);
}

TEST_CASE("A wall clock that came back is as if nothing had been") {
  Clocks clocks;
  clocks.turn(0, 100 * hour);
  clocks.turn(5'000, 126 * hour);
  CHECK(clocks.turn(10'000, 100 * hour) == 100 * hour + 10'000);
  CHECK(clocks.turn(hour, 126 * hour) == 101 * hour);
  CHECK(clocks.turn(2 * hour - 1, 126 * hour) == 102 * hour - 1);
}

TEST_CASE("A wall clock that runs ahead further, or less, waits for an hour anew") {
  for (const Millis other : {200 * hour, 126 * hour + slack + 1, 126 * hour - slack - 1}) {
    Clocks clocks;
    clocks.turn(0, 100 * hour);
    clocks.turn(1'000, 126 * hour);
    CHECK(clocks.turn(hour, other) == 101 * hour);
    CHECK(clocks.turn(hour + 1'000, other) == 101 * hour + 1'000);
    CHECK(clocks.turn(2 * hour - 1, other) == 102 * hour - 1);
    CHECK(clocks.turn(2 * hour, other) == 2 * hour + other);
  }
}

TEST_CASE("Nothing is forgotten in the first hour, then what has expired by the time that is believed") {
  Clocks clocks;
  CHECK(clocks.forgetting(7'000, 100 * hour) == 0);
  CHECK(clocks.forgetting(7'000 + hour - 1, 100 * hour) == 0);
  CHECK(clocks.forgetting(7'000 + hour, 100 * hour) == 101 * hour + 7'000);
  CHECK(clocks.forgetting(8'000 + hour, 126 * hour) == 101 * hour + 8'000);
}

TEST_CASE("A wall clock that was ahead at the start, and is set back within an hour, has nothing forgotten") {
  Clocks clocks;
  CHECK(clocks.forgetting(0, 148 * hour) == 0);
  CHECK(clocks.forgetting(hour - 1, 100 * hour) == 0);
  CHECK(clocks.forgetting(hour, 100 * hour) == 101 * hour);
}

TEST_CASE("A wall clock that is set back is believed at once, and on its way forward again it is not") {
  Clocks clocks;
  clocks.turn(0, 100 * hour);
  CHECK(clocks.turn(5'000, 50 * hour) == 50 * hour + 5'000);
  CHECK(clocks.turn(10'000, 100 * hour) == 50 * hour + 10'000);
}

}  // namespace postern::state
