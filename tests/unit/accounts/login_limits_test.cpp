#include "accounts/login_limits.hpp"

#include <doctest/doctest.h>

namespace postern::accounts {
namespace {

constexpr NamesDiffer loosely = NamesDiffer::loosely, by_each_byte = NamesDiffer::by_each_byte;

// The names of the counters: of user and address, of the address, of the user.
std::vector<std::string> names(std::string_view username, std::string_view address, NamesDiffer differ = loosely) {
  std::vector<std::string> found;
  for (const state::Attempt& attempt : attempts_of(username, address, {}, differ)) found.push_back(attempt.name);
  REQUIRE(found.size() == 3);
  return found;
}

bool is_one_address(std::string_view a, std::string_view b) {
  return names("ann", a)[1] == names("ann", b)[1];
}

}  // namespace

TEST_CASE("An attempt counts for the user at the address, for the address and for the user") {
  const auto attempts = attempts_of("ann", "192.0.2.1", {}, loosely);
  REQUIRE(attempts.size() == 3);
  CHECK(attempts[0].limit == 5);
  CHECK(attempts[1].limit == 50);
  CHECK(attempts[2].limit == 100);
  for (const state::Attempt& attempt : attempts) {
    CHECK(attempt.window == 300'000);
    CHECK(attempt.name.size() == 43);
  }
  CHECK(attempts[0].name != attempts[1].name);
  CHECK(attempts[1].name != attempts[2].name);

  const auto here = names("ann", "192.0.2.1"), other_user = names("bob", "192.0.2.1"),
             there = names("ann", "192.0.2.2");
  CHECK(here == names("ann", "192.0.2.1"));
  CHECK(here[0] != other_user[0]);
  CHECK(here[1] == other_user[1]);
  CHECK(here[2] != other_user[2]);
  CHECK(here[0] != there[0]);
  CHECK(here[1] != there[1]);
  CHECK(here[2] == there[2]);
}

TEST_CASE("A limit of 0 is off") {
  CHECK(attempts_of("ann", "192.0.2.1", {0, 50, 100, 1}, loosely).size() == 2);
  CHECK(attempts_of("ann", "192.0.2.1", {0, 1, 0, 1}, loosely)[0].name == names("ann", "192.0.2.1")[1]);
  CHECK(attempts_of("ann", "192.0.2.1", {0, 0, 0, 1}, loosely).empty());
}

TEST_CASE("An IPv6 address counts as its /64, one that holds an IPv4 address as that") {
  CHECK(is_one_address("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
  CHECK(is_one_address("2001:DB8:1:2::1", "2001:0db8:0001:0002::9"));
  CHECK_FALSE(is_one_address("2001:db8:1:2::1", "2001:db8:1:3::1"));
  CHECK(is_one_address("::ffff:192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(is_one_address("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
  CHECK_FALSE(is_one_address("unix", "192.0.2.1"));
}

TEST_CASE("A name counts without case and without spaces around it, as a directory may read it") {
  for (const std::string_view spelling : {"Ann", "aNN", " ann", "ann  ", "  ANN "}) {
    CAPTURE(spelling);
    CHECK(names(spelling, "192.0.2.1") == names("ann", "192.0.2.1"));
  }
  for (const std::string_view other : {"a nn", "an", "anna", "", " "}) {
    CAPTURE(other);
    CHECK(names(other, "192.0.2.1")[2] != names("ann", "192.0.2.1")[2]);
  }
}

TEST_CASE("User and address cannot be cut apart in another way") {
  CHECK(names("2ann", "192.0.2.")[0] != names("ann", "192.0.2.2")[0]);
  CHECK(names(std::string_view("a\0b", 3), "x")[0] != names("a", "x")[0]);
}

TEST_CASE("A client's attempt counts for itself at the address, and for the address as logins do") {
  const auto attempts = client_attempts_of("ann", "192.0.2.1", {});
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[0].limit == 5);
  CHECK(attempts[0].name != names("ann", "192.0.2.1")[0]);
  CHECK(attempts[0].name != client_attempts_of("ann", "192.0.2.2", {})[0].name);
  CHECK(attempts[1].limit == 50);
  CHECK(attempts[1].name == names("bob", "192.0.2.1")[1]);
  CHECK(client_attempts_of("ann", "192.0.2.1", {0, 1, 1, 1}).size() == 1);
  CHECK(client_attempts_of("ann", "192.0.2.1", {0, 0, 1, 1}).empty());
}

TEST_CASE("Names that differ by each byte have counters of their own, whatever their case and spaces") {
  const auto ann = names("ann", "192.0.2.1", by_each_byte);
  CHECK(ann == names("ann", "192.0.2.1", loosely));
  for (const std::string_view other : {"Ann", " ann", "ann "}) {
    CAPTURE(other);
    const auto others = names(other, "192.0.2.1", by_each_byte);
    CHECK(others[0] != ann[0]);
    CHECK(others[1] == ann[1]);
    CHECK(others[2] != ann[2]);
  }
}

TEST_CASE("A success forgives the counter of user and address alone, and only where it is one user's") {
  for (const NamesDiffer differ : {by_each_byte, loosely}) {
    const auto attempts = attempts_of("ann", "192.0.2.1", {}, differ);
    CHECK(attempts.at(0).forgiven == (differ == by_each_byte));
    CHECK_FALSE(attempts.at(1).forgiven);
    CHECK_FALSE(attempts.at(2).forgiven);
  }
}

}  // namespace postern::accounts
