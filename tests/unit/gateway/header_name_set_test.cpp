#include <doctest/doctest.h>

#include <string>

#include "gateway/http/header_rules.hpp"

using namespace postern::http;

TEST_CASE("a name set folds case and underscores, at every length") {
  HeaderNameSet set;
  CHECK(set.empty());
  CHECK_FALSE(set.holds("X-User"));
  set.add("X_User");
  set.add("x-user");
  set.add(std::string(70, 'a'));
  CHECK(set.holds("X-USER"));
  CHECK(set.holds("x_user"));
  for (const std::string_view name : {"x.user", "X'User", "X~USER", "X|user", "x!User", "X^User", "X`User"}) {
    CAPTURE(name);
    CHECK(set.holds(name));
  }
  for (const std::string_view name : {"xuser", "x--user", "xxuser", "x-user-", "x-use"}) {
    CAPTURE(name);
    CHECK_FALSE(set.holds(name));
  }
  CHECK_FALSE(set.holds("X-Usex"));
  CHECK_FALSE(set.holds("XUser"));
  CHECK(set.holds(std::string(70, 'A')));
  CHECK_FALSE(set.holds(std::string(71, 'a')));
  CHECK_FALSE(set.holds(""));
  for (int i = 0; i < 100; ++i) set.add("X-" + std::to_string(i));
  for (int i = 0; i < 100; ++i) CHECK(set.holds("x_" + std::to_string(i)));
  CHECK_FALSE(set.holds("x_100"));
}
