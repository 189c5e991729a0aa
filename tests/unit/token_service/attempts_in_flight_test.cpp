#include "filters/token_service/attempts_in_flight.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {

TEST_CASE("Attempts are in flight while their mark is held, under each of their names") {
  AttemptsInFlight attempts;
  const std::vector<state::Attempt> alice = {{"alice", 5, 1000, true}, {"address", 50, 1000, false}};
  const std::vector<state::Attempt> bob = {{"bob", 5, 1000, true}, {"address", 50, 1000, false}};
  const std::vector<state::Attempt> carol = {{"carol", 5, 1000, true}};
  CHECK_FALSE(attempts.any(alice));
  auto one = attempts.begin(alice);
  auto other = attempts.begin(alice);
  CHECK(attempts.any(alice));
  CHECK(attempts.any(bob));
  CHECK_FALSE(attempts.any(carol));
  one.reset();
  CHECK(attempts.any(bob));
  other.reset();
  CHECK_FALSE(attempts.any(alice));
  CHECK_FALSE(attempts.any(bob));
}

TEST_CASE("A mark may outlive what gave it") {
  auto attempts = std::make_unique<AttemptsInFlight>();
  auto mark = attempts->begin({{"alice", 5, 1000, true}});
  attempts.reset();
  mark.reset();
  CHECK(mark == nullptr);
}

}  // namespace postern::token_service
