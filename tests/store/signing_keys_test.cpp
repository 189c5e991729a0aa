#include "tests/store/stores.hpp"

namespace postern::state {
namespace {

SigningKeyRecord key_of(std::string kid, Millis signs_from) {
  return {std::move(kid),   "ES256",         Secret("the PEM of " + std::to_string(signs_from)), 10, signs_from,
          signs_from + 100, signs_from + 150};
}

}  // namespace

TEST_CASE_TEMPLATE("Signing keys are given back as they were added, by the time they sign from", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  CHECK(waiting.keys().version == 0);
  CHECK(waiting.keys().keys.empty());
  waiting.add_key(key_of("b", 200), 0);
  const auto set = waiting.add_key(key_of("a", 100), 1);
  CHECK(set.version == 2);
  REQUIRE(set.keys.size() == 2);
  CHECK(set.keys[0].kid == "a");
  CHECK(set.keys[1].kid == "b");
  CHECK(set.keys[1].alg == "ES256");
  CHECK(set.keys[1].private_key.reveal() == "the PEM of 200");
  CHECK(set.keys[1].created == 10);
  CHECK(set.keys[1].signs_from == 200);
  CHECK(set.keys[1].signs_until == 300);
  CHECK(set.keys[1].retired == 350);
}

TEST_CASE_TEMPLATE("Of two that add a key to the same set one does, and the other is given its key", Place, STORES) {
  const Place place;
  const auto first = place.open();
  const auto second = place.open();
  Answer<SigningKeySet> one, two;
  first->add_signing_key(key_of("one", 100), 0, one.done());
  second->add_signing_key(key_of("two", 100), 0, two.done());
  const auto seen_by_one = one.value(), seen_by_two = two.value();
  REQUIRE(seen_by_one.keys.size() == 1);
  REQUIRE(seen_by_two.keys.size() == 1);
  CHECK(seen_by_one.keys[0].kid == seen_by_two.keys[0].kid);
  CHECK(seen_by_one.version == 1);
  // The winner's call again, as after a lost answer.
  const auto again = Waiting{*first}.add_key(key_of(seen_by_one.keys[0].kid, 100), 0);
  CHECK(again.version == 1);
  CHECK(again.keys.size() == 1);
}

TEST_CASE_TEMPLATE("The version counts the keys ever added, those that were swept, too", Place, STORES) {
  const Place place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.add_key(key_of("a", 100), 0);
  CHECK(waiting.sweep(250) == 1);
  CHECK(waiting.keys().version == 1);
  CHECK(waiting.keys().keys.empty());
  CHECK(waiting.add_key(key_of("b", 300), 0).keys.empty());
  CHECK(waiting.add_key(key_of("b", 300), 1).keys.size() == 1);
}

}  // namespace postern::state
