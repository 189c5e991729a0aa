#include "state/redis/greeting.hpp"

#include <doctest/doctest.h>

#include "state/redis/scripts.hpp"

using namespace postern;
using namespace postern::state::redis;

namespace {

std::vector<Words> greeting_of(std::string_view url) {
  const auto parsed = conf::parse_redis_url(url);
  REQUIRE(parsed);
  return greeting(*parsed, ForScripts::no);
}

}  // namespace

TEST_CASE("a connection authenticates and selects as its URL says") {
  CHECK(greeting_of("redis://h").empty());
  CHECK(greeting_of("redis://:p@h") == std::vector<Words>{{"AUTH", "p"}});
  CHECK(greeting_of("redis://u:p@h/3") == std::vector<Words>{{"AUTH", "u", "p"}, {"SELECT", "3"}});
  CHECK(greeting_of("redis://h/0").empty());
}

TEST_CASE("a connection for scripts loads each of them, and names it by its SHA-1") {
  const auto commands = greeting({}, ForScripts::yes);
  REQUIRE(commands.size() == all_scripts.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    CHECK(commands[i] == Words{"SCRIPT", "LOAD", text_of(all_scripts[i])});
    CHECK(name_of(all_scripts[i]).size() == 40);
  }
}

TEST_CASE("pauses between attempts double up to a second, less up to a half") {
  CHECK(reconnect_pause(0, 1).count() == 20);
  CHECK(reconnect_pause(0, 0).count() == 10);
  CHECK(reconnect_pause(1, 1).count() == 40);
  CHECK(reconnect_pause(5, 1).count() == 640);
  CHECK(reconnect_pause(6, 1).count() == 1000);
  CHECK(reconnect_pause(7, 0).count() == 500);
  CHECK(reconnect_pause(4'000'000'000, 1).count() == 1000);
}
