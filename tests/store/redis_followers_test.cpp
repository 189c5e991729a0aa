// What those who follow a store hear of a Redis that fails: silence, ends, sequence numbers that go backwards.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "tests/store/redis_clients.hpp"

namespace postern::state {
namespace {

using Kind = StoreError::Kind;
using Seconds = std::chrono::seconds;

}  // namespace

TEST_CASE("A follower is told at least every second that nothing is new") {
  const RedisPlace place;
  Known known;
  const auto store = place.open();
  store->follow(known.follower());
  known.wait_until([&] { return known.caught_up == 1; });
  const auto began = std::chrono::steady_clock::now();
  known.wait_until([&] { return known.caught_up == 3; });
  CHECK(std::chrono::steady_clock::now() - began < Seconds(2));
}

TEST_CASE("A follower hears of a Redis that is gone, and knows all again when it is back") {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  Known known;
  const auto store = open_redis_store(options_of(server));
  const auto other = open_redis_store(options_of(server));
  store->follow(known.follower());
  healed_revoke(*other, "a");
  known.wait_for({"a"});
  server.kill();
  known.wait_until([&] { return !known.failures.empty() && known.failures.back().kind == Kind::unreachable; });
  server.start();  // which may be loading for a while
  healed_revoke(*other, "b");
  known.wait_for({"a", "b"});
  CHECK(known.now(&Known::completed) == 2);
}

TEST_CASE("A follower of a Redis that stands still is told within two seconds that it cannot follow") {
  RedisServer server;
  Known known;
  const auto store = open_redis_store(options_of(server));
  store->follow(known.follower());
  known.wait_until([&] { return known.caught_up > 0; });
  server.send(SIGSTOP);
  const auto began = std::chrono::steady_clock::now();
  known.wait_until([&] { return !known.failures.empty(); });
  CHECK(std::chrono::steady_clock::now() - began < Seconds(3));
  server.send(SIGCONT);
}

TEST_CASE("A missing number, and numbers that begin anew, lead to a complete load") {
  RedisServer server;
  Known known;
  const auto store = open_redis_store(options_of(server));
  const auto other = open_redis_store(options_of(server));
  store->follow(known.follower());
  known.wait_until([&] { return known.completed == 1; });
  for (const char* sid : {"a", "b"}) healed_revoke(*other, sid);
  known.wait_for({"a", "b"});
  SUBCASE("a missing number") {
    CHECK(server.ask({"INCR", "{postern}:sequence"}) == "3");
    known.wait_until([&, turns = known.now(&Known::caught_up) + 2] { return known.caught_up >= turns; });
    CHECK(known.now(&Known::completed) == 1);  // it was swept, as far as anybody can tell
    CHECK(server.ask({"EVAL",
                      "redis.call('SET', '{postern}:sequence', 5) return redis.call('XADD', '{postern}:feed', '5-0', "
                      "'kind', 'sid', 'issuer', 'i', 'value', 'c', 'before', '', 'until', '9')",
                      "0"}) == "5-0");
    known.wait_for({"a", "b", "c"});
  }
  SUBCASE("numbers that begin anew") {
    CHECK(server.ask({"FLUSHALL"}) == "OK");
    known.wait_for({});
    healed_revoke(*other, "c");
    known.wait_for({"c"});
  }
  SUBCASE("numbers that begin anew, and have come further than before when it is looked at again") {
    std::string lost_and_said = "redis.call('FLUSHALL')";
    for (const char* number : {"1", "2", "3"}) {
      lost_and_said += std::string("redis.call('INCR', '{postern}:sequence') redis.call('XADD', '{postern}:feed', '") +
                       number + "-0', 'kind', 'sid', 'issuer', 'i', 'value', 'c" + number +
                       "', 'before', '', 'until', '9')";
    }
    CHECK(server.ask({"EVAL", lost_and_said + " return 'done'", "0"}) == "done");
    known.wait_for({"c1", "c2", "c3"});
  }
  CHECK(known.now(&Known::completed) == 2);
}

TEST_CASE("After a failover to a server without the last revocations this process says its own again") {
  RedisServer server;
  Known known;
  const auto store = open_redis_store(options_of(server));
  store->follow(known.follower());
  for (const char* sid : {"a", "b"}) healed_revoke(*store, sid);
  known.wait_for({"a", "b"});
  server.kill();  // nothing of it was kept
  server.start();
  {
    // In the meantime others have taken the numbers.
    const auto other = open_redis_store(options_of(server));
    for (const char* sid : {"x", "y", "z"}) healed_revoke(*other, sid);
  }
  known.wait_until([&] {
    const auto has = [&](const char* sid) {
      return std::find(known.sids.begin(), known.sids.end(), sid) != known.sids.end();
    };
    return has("a") && has("b") && has("x") && has("y") && has("z");
  });
}

TEST_CASE("After a failover a session that ended by reuse is said again as well") {
  RedisServer server;
  Known known;
  const auto store = open_redis_store(options_of(server));
  store->follow(known.follower());
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  waiting.rotate(rotation_of("s", 1, 2, 1100));
  Rotation reuse = rotation_of("s", 1, 3, 1200);
  reuse.revoke_until = revocation_of("s").until;
  CHECK(waiting.rotate(reuse).presented == Presented::reused);
  known.wait_for({"s"});
  server.kill();  // nothing of it was kept
  server.start();
  known.wait_until([&] { return known.completed >= 2 && known.sids == std::vector<std::string>{"s"}; });
}

TEST_CASE("More revocations than one answer holds are loaded completely") {
  const RedisPlace place;
  Known known;
  const auto store = place.open();
  std::vector<Answer<std::uint64_t>> answers(2'500);
  for (std::size_t i = 0; i < answers.size(); ++i) store->revoke(revocation_of(std::to_string(i)), answers[i].done());
  for (auto& answer : answers) answer.value();
  store->follow(known.follower());
  known.wait_until([&] { return known.completed == 1; });
  REQUIRE(known.now(&Known::sids).size() == 2'500);
  CHECK(known.now(&Known::sids).front() == "0");
  CHECK(known.now(&Known::sids).back() == "2499");
}

}  // namespace postern::state
