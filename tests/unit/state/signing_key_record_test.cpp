#include "state/signing_key_record.hpp"

#include <doctest/doctest.h>

namespace postern::state {
namespace {

const KeySchedule schedule{.alg = "ES256", .rotate_every = 1000, .publish_ahead = 100, .verify_after = 50};

SigningKeyRecord key_of(std::string kid, const DueKey& times) {
  return {.kid = std::move(kid),
          .alg = "ES256",
          .private_key = Secret("pem"),
          .created = times.signs_from,
          .signs_from = times.signs_from,
          .signs_until = times.signs_until,
          .retired = times.retired};
}

// Signs from 1000 to 2000 and retires at 2050; the next one until 3000.
const SigningKeyRecord first = key_of("first", {1000, 2000, 2050});
const SigningKeyRecord second = key_of("second", {2000, 3000, 3050});

std::string signer(const SigningKeySet& set, Millis now) {
  const SigningKeyRecord* const found = signing_key(set, now);
  return found == nullptr ? "none" : found->kid;
}

}  // namespace

TEST_CASE("A key is published, signs, verifies and is gone") {
  CHECK(phase_at(first, 999) == KeyPhase::published);
  CHECK(phase_at(first, 1000) == KeyPhase::signing);
  CHECK(phase_at(first, 1999) == KeyPhase::signing);
  CHECK(phase_at(first, 2000) == KeyPhase::verifying);
  CHECK(phase_at(first, 2049) == KeyPhase::verifying);
  CHECK(phase_at(first, 2050) == KeyPhase::gone);
}

TEST_CASE("The key whose time it is signs") {
  const SigningKeySet set{2, {first, second}};
  CHECK(signer({}, 1500) == "none");
  CHECK(signer(set, 999) == "none");
  CHECK(signer(set, 1000) == "first");
  CHECK(signer(set, 1999) == "first");
  CHECK(signer(set, 2000) == "second");
}

TEST_CASE("Of two keys whose time it is the later one signs") {
  CHECK(signer({2, {first, key_of("demanded", {1500, 2500, 2550})}}, 1499) == "first");
  CHECK(signer({2, {first, key_of("demanded", {1500, 2500, 2550})}}, 1500) == "demanded");
  CHECK(signer({2, {first, key_of("brief", {1500, 1600, 1650})}}, 1620) == "first");
}

TEST_CASE("Without a successor the last key signs until it retires") {
  const SigningKeySet set{2, {first, second}};
  CHECK(signer(set, 3000) == "second");
  CHECK(signer(set, 3049) == "second");
  CHECK(signer(set, 3050) == "none");
  CHECK(signer({2, {first, key_of("brief", {1500, 1990, 2040})}}, 2000) == "brief");
  CHECK(signer({2, {first, key_of("future", {9000, 9999, 9999})}}, 2049) == "first");
}

TEST_CASE("The first key signs at once") {
  CHECK(due_key({}, 1000, schedule) == DueKey{1000, 2000, 2050});
}

TEST_CASE("The next key is due ahead of the last one's end, and signs from then") {
  const SigningKeySet set{1, {first}};
  CHECK_FALSE(due_key(set, 1000, schedule));
  CHECK_FALSE(due_key(set, 1899, schedule));
  CHECK(due_key(set, 1900, schedule) == DueKey{2000, 3000, 3050});
  CHECK(due_key(set, 2000, schedule) == DueKey{2000, 3000, 3050});
}

TEST_CASE("A key that is overdue signs at once") {
  const SigningKeySet set{1, {first}};
  CHECK(due_key(set, 2001, schedule) == DueKey{2001, 3001, 3051});
  CHECK(due_key(set, 9000, schedule) == DueKey{9000, 10000, 10050});
}

TEST_CASE("While no key signs, since the one whose time it was is revoked, one is due at once, be the next published") {
  const SigningKeySet published{2, {second}};
  CHECK(due_key(published, 1950, schedule) == DueKey{1950, 2950, 3000});
  CHECK(due_key(published, 1999, schedule) == DueKey{1999, 2999, 3049});
  CHECK_FALSE(due_key(published, 2000, schedule));
  CHECK(due_key({2, {first, key_of("future", {9000, 9999, 9999})}}, 2000, schedule) == DueKey{2000, 3000, 3050});
  const SigningKeySet made{3, {key_of("made", {1950, 2950, 3000}), second}};
  CHECK_FALSE(due_key(made, 1950, schedule));
  CHECK(signer(made, 1950) == "made");
  CHECK(signer(made, 2000) == "second");
}

TEST_CASE("When a key is revoked that signed, no key from before it signs again: another is due at once") {
  const SigningKeyRecord demanded = key_of("demanded", {1500, 2500, 2550});
  CHECK(superseded_by(demanded, 0, 1499) == 0);
  CHECK(superseded_by(demanded, 0, 1500) == 1500);
  CHECK(superseded_by(demanded, 1600, 1700) == 1600);
  const SigningKeySet left{2, {first}, superseded_by(demanded, 0, 1700)};
  CHECK(signer(left, 1700) == "none");
  CHECK(signer(left, 2000) == "none");
  CHECK(due_key(left, 1700, schedule) == DueKey{1700, 2700, 2750});
  const SigningKeySet made{3, {first, key_of("made", {1700, 2700, 2750})}, 1500};
  CHECK(signer(made, 1700) == "made");
  CHECK(signer(made, 2745) == "made");
  CHECK_FALSE(due_key(made, 1700, schedule));
  CHECK(due_key({3, {first, second}, 1500}, 1700, schedule) == DueKey{1700, 2700, 2750});
}

TEST_CASE("A revoked key that never signed changes nothing for the one that does, nor for the one in its place") {
  const Millis superseded = superseded_by(second, 0, 1950);
  CHECK(signer({2, {first}, superseded}, 1950) == "first");
  CHECK(due_key({2, {first}, superseded}, 1950, schedule) == DueKey{2000, 3000, 3050});
  const SigningKeySet later{3, {first, key_of("in its place", {2000, 3000, 3050})}, superseded_by(second, 0, 2000)};
  CHECK(signer(later, 2000) == "in its place");
  CHECK_FALSE(due_key(later, 2000, schedule));
}

TEST_CASE("Once one replica has added the due key the other has none to add") {
  const SigningKeySet set{1, {first}};
  const auto due = due_key(set, 1950, schedule);
  REQUIRE(due);
  CHECK_FALSE(due_key({2, {first, key_of("second", *due)}}, 1950, schedule));
}

TEST_CASE("A set changes when the next key is due, and before when one retires") {
  CHECK(next_change({1, {first}}, schedule) == 1900);
  CHECK(next_change({2, {first, second}}, schedule) == 2050);
  CHECK(next_change({2, {second}}, schedule) == 2900);
}

TEST_CASE("A demanded key signs once verifiers could learn of it, or at once") {
  CHECK(demanded_key(1500, schedule, false) == DueKey{1600, 2600, 2650});
  CHECK(demanded_key(1500, schedule, true) == DueKey{1500, 2500, 2550});
}

}  // namespace postern::state
