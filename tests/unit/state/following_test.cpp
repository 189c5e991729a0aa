#include "state/following.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace postern::state {

TEST_CASE("What was caught up less than the patience ago is current") {
  const Following following{1000};
  CHECK(following.is_current(1000, 30));
  CHECK(following.is_current(1029, 30));
  CHECK_FALSE(following.is_current(1030, 30));
}

TEST_CASE("What was never caught up is not current") {
  CHECK_FALSE(Following{}.is_current(0, 30));
  CHECK_FALSE(Following{}.is_current(0, std::numeric_limits<Millis>::max()));
}

TEST_CASE("The next number of the feed is applied, and any other one means that something is missing") {
  CHECK(judge_feed(7, 8) == FeedStep::apply);
  CHECK(judge_feed(0, 1) == FeedStep::apply);
  CHECK(judge_feed(7, 9) == FeedStep::reload);
  CHECK(judge_feed(7, 7) == FeedStep::reload);
  CHECK(judge_feed(7, 1) == FeedStep::reload);
}

}  // namespace postern::state
