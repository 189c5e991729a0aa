#include "state/redis/greeting.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "state/redis/scripts.hpp"
#include "tests/unit/redis/replies.hpp"

using namespace postern;
using namespace postern::state;
using namespace postern::state::redis;

namespace {

RedisOptions options_of(std::string_view url) {
  auto parsed = conf::parse_redis_url(url);
  REQUIRE(parsed);
  RedisOptions options;
  options.url = std::move(*parsed);
  return options;
}

std::vector<Words> greeting_of(std::string_view url) {
  std::vector<Words> commands;
  for (const GreetingStep& step : greeting(options_of(url), ForScripts::no)) {
    CHECK(step.expected == Expected::success);
    commands.push_back(step.command);
  }
  return commands;
}

Reply error(std::string value) {
  return {Reply::Type::error, 0, std::move(value), {}};
}

}  // namespace

TEST_CASE("a connection authenticates and selects as its URL says") {
  CHECK(greeting_of("redis://h").empty());
  CHECK(greeting_of("redis://:p@h") == std::vector<Words>{{"AUTH", "p"}});
  CHECK(greeting_of("redis://u:p@h/3") == std::vector<Words>{{"AUTH", "u", "p"}, {"SELECT", "3"}});
  CHECK(greeting_of("redis://h/0").empty());
}

TEST_CASE(
    "a connection for scripts loads each of them, named by its SHA-1, and asks what may be evicted and how late it "
    "is") {
  const auto steps = greeting({}, ForScripts::yes);
  REQUIRE(steps.size() == all_scripts.size() + 2);
  for (std::size_t i = 0; i < all_scripts.size(); ++i) {
    CHECK(steps[i] == GreetingStep{{"SCRIPT", "LOAD", text_of(all_scripts[i])}});
    CHECK(name_of(all_scripts[i]).size() == 40);
  }
  CHECK(steps[all_scripts.size()] == GreetingStep{{"CONFIG", "GET", "maxmemory-policy"}, Expected::no_eviction});
  CHECK(steps.back() == GreetingStep{{"TIME"}, Expected::time});
}

TEST_CASE("the server that Sentinel names says that it is the master, after it knows who asks") {
  RedisOptions options = options_of("redis://:p@h/3");
  options.sentinels = RedisSentinels{{{"s", 26379}}, "mymaster", "", Secret("q")};
  CHECK(greeting(options, ForScripts::no) ==
        std::vector<GreetingStep>{{{"AUTH", "p"}}, {{"SELECT", "3"}}, {{"ROLE"}, Expected::master}});
  CHECK(sentinel_greeting(*options.sentinels) == std::vector<GreetingStep>{{{"AUTH", "q"}}});
  options.sentinels->user = "u";
  CHECK(sentinel_greeting(*options.sentinels) == std::vector<GreetingStep>{{{"AUTH", "u", "q"}}});
  options.sentinels->password = Secret();
  CHECK(sentinel_greeting(*options.sentinels).empty());
}

TEST_CASE("a server is not used when it refuses a step, or is no master where it should be") {
  const auto kind_of = [](const MaybeError& failed) {
    REQUIRE(failed);
    return failed->kind;
  };
  const GreetingStep auth{{"AUTH", "secret"}};
  CHECK_FALSE(judge_greeting(auth, text("OK")));
  const MaybeError refused = judge_greeting(auth, error("WRONGPASS no"));
  CHECK(kind_of(refused) == StoreError::Kind::refused);
  CHECK(refused->detail == "Redis refuses AUTH: WRONGPASS no");
  const GreetingStep role{{"ROLE"}, Expected::master};
  CHECK_FALSE(judge_greeting(role, list({text("master"), text("0"), list({})})));
  CHECK(kind_of(judge_greeting(role, list({text("slave"), text("h")}))) == StoreError::Kind::read_only);
  CHECK(kind_of(judge_greeting(role, list({}))) == StoreError::Kind::read_only);
  CHECK(kind_of(judge_greeting(role, text("master"))) == StoreError::Kind::read_only);
  CHECK(kind_of(judge_greeting(role, error("NOPERM no"))) == StoreError::Kind::refused);
}

TEST_CASE("what may be evicted is told, and not knowing it is no reason to refuse the server") {
  const GreetingStep ask{{"CONFIG", "GET", "maxmemory-policy"}, Expected::no_eviction};
  for (const Reply& reply : {error("NOPERM no"), list({}), list({text("maxmemory-policy")}),
                             list({text("maxmemory-policy"), text("noeviction")})}) {
    CHECK_FALSE(judge_greeting(ask, reply));
    CHECK(read_eviction(reply).empty());
  }
  const Reply evicts = list({text("maxmemory-policy"), text("allkeys-lru")});
  CHECK_FALSE(judge_greeting(ask, evicts));
  CHECK(read_eviction(evicts) == "allkeys-lru");
}

TEST_CASE("a server is not used that does not say how late it is, or says it without sense") {
  const GreetingStep ask{{"TIME"}, Expected::time};
  const Reply good = list({text("1700000000"), text("999999")});
  CHECK_FALSE(judge_greeting(ask, good));
  CHECK(read_time(good) == 1'700'000'000'999);
  CHECK(read_time(list({text("253402300799"), text("0")})) == 253'402'300'799'000);
  for (const Reply& bad :
       {text("1700000000"), list({}), list({text("1700000000")}), list({text("-1"), text("0")}),
        list({text("253402300800"), text("0")}), list({text("1700000000"), text("1000000")}),
        list({text("1700000000"), text("-1")}), list({text("17e8"), text("0")}), list({text(""), text("0")})}) {
    CHECK_FALSE(read_time(bad));
    CHECK(judge_greeting(ask, bad)->kind == StoreError::Kind::damaged);
  }
  const MaybeError refused = judge_greeting(ask, error("NOPERM no"));
  REQUIRE(refused);
  CHECK(refused->kind == StoreError::Kind::refused);
  CHECK(refused->detail == "Redis refuses TIME: NOPERM no");
}

TEST_CASE("a server's clock goes on as ours, whatever it says") {
  using std::chrono::microseconds;
  const std::chrono::steady_clock::time_point heard(std::chrono::hours(1));
  const ServerClock clock{1'700'000'000'000, heard};
  CHECK(clock.at(heard) == 1'700'000'000'000);
  CHECK(clock.at(heard + microseconds(1'999)) == 1'700'000'000'001);
  CHECK(clock.at(heard + microseconds(2'000)) == 1'700'000'000'002);
  CHECK(clock.at(heard - microseconds(1)) == 1'699'999'999'999);
}

TEST_CASE("what writes looks at its deadline before anything else") {
  CHECK(std::count_if(all_scripts.begin(), all_scripts.end(), writes) == 8);
  for (const Script script : all_scripts) {
    CHECK(text_of(script).starts_with("\nlocal deadline = ") == writes(script));
    const std::string text = text_of(script);
    for (const char* word : {"'HSET'", "'HDEL'", "'ZADD'", "'INCR'", "'HINCRBY'", "'DEL'"}) {
      CHECK((writes(script) || text.find(word) == std::string::npos));
    }
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
