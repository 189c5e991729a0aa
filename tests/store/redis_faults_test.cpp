// What is Redis' alone: connections that are lost, and servers that refuse.
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <sstream>
#include <thread>
#include <vector>

#include "tests/store/redis_clients.hpp"

namespace postern::state {
namespace {

using Kind = StoreError::Kind;
using Seconds = std::chrono::seconds;
using Millisec = std::chrono::milliseconds;

}  // namespace

TEST_CASE("A call to a Redis that is not there fails in its time, and the store heals when it is") {
  RedisServer server;
  server.kill();
  RedisOptions options = options_of(server);
  options.timeout = Millisec(200);
  const auto store = open_redis_store(options);
  const Failed failed = failed_call(*store);
  CHECK(failed.error.kind == Kind::unreachable);
  CHECK(failed.error.detail == "Redis at 127.0.0.1 port " + std::to_string(server.port()) + ": Connection refused");
  CHECK(failed.took >= Millisec(200));
  CHECK(failed.took < Seconds(5));
  server.start();
  CHECK(healed_revoke(*store, "s") == 1);
}

TEST_CASE("Calls go on over a restart of Redis that takes less than their time") {
  RedisServer server({"--appendonly", "yes", "--appendfsync", "always"});
  RedisOptions options = options_of(server);
  options.timeout = Seconds(10);
  const auto store = open_redis_store(options);
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  server.kill();
  Answer<Rotated> answer;
  store->rotate(rotation_of("s", 1, 2, 1100), answer.done());
  server.start();  // without the scripts
  CHECK(answer.value().presented == Presented::current);
  CHECK(waiting.find("s", hash_of(2), 1100).presented == Presented::current);
}

TEST_CASE("Calls of a connection that Redis ends are sent again over the next one") {
  RedisServer server;
  RedisOptions options = options_of(server);
  options.timeout = Seconds(10);
  const auto store = open_redis_store(options);
  Waiting{*store}.begin(family_of("s"), hash_of(1), 1500);
  CHECK(server.ask({"CLIENT", "PAUSE", "100000", "WRITE"}) == "OK");
  std::vector<Answer<Rotated>> answers(50);
  for (std::uint64_t i = 0; i < answers.size(); ++i) {
    store->rotate(rotation_of("s", 1, 2 + i, 1100), answers[i].done());
  }
  while (server.ask({"INFO", "clients"}).find("blocked_clients:1") == std::string::npos) std::this_thread::yield();
  CHECK(server.ask({"CLIENT", "KILL", "TYPE", "normal"}) == "1");
  CHECK(server.ask({"CLIENT", "UNPAUSE"}) == "OK");
  int current = 0;
  for (auto& answer : answers) {
    const Rotated rotated = answer.value();
    current += rotated.presented == Presented::current;
    CHECK(rotated.expires == 1600);
  }
  CHECK(current == 1);
}

TEST_CASE("While Redis stands still calls fail in their time, and succeed again when it goes on") {
  RedisServer server;
  RedisOptions options = options_of(server);
  options.timeout = Millisec(200);
  const auto store = open_redis_store(options);
  CHECK(healed_revoke(*store, "a") == 1);
  server.send(SIGSTOP);
  const Failed first = failed_call(*store);
  const Failed second = failed_call(*store);
  server.send(SIGCONT);
  for (const Failed& failed : {first, second}) {
    CHECK(failed.error.kind == Kind::unreachable);
    CHECK(failed.took >= Millisec(200));
    CHECK(failed.took < Seconds(5));
  }
  healed_revoke(*store, "b");
}

TEST_CASE(
    "A rotation that its caller has given up is not done when Redis goes on, and its token is as good as before") {
  RedisServer server;
  RedisOptions options = options_of(server);
  options.timeout = Millisec(500);
  const auto store = open_redis_store(options);
  const Waiting waiting{*store};
  healed_revoke(*store, "a");
  waiting.begin(family_of("s"), hash_of(1), 1500);
  Answer<Rotated> given_up;
  const auto give_up = [&] {
    store->rotate(rotation_of("s", 1, 2, 1100), given_up.done());
    return given_up.wait();
  };
  tl::expected<Rotated, StoreError> outcome;
  SUBCASE("it stood still") {
    server.send(SIGSTOP);
    outcome = give_up();
    server.send(SIGCONT);
  }
  SUBCASE("it let its clients wait") {
    CHECK(server.ask({"CLIENT", "PAUSE", "100000", "WRITE"}) == "OK");
    outcome = give_up();
    CHECK(server.ask({"CLIENT", "UNPAUSE"}) == "OK");
  }
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().kind == Kind::unreachable);
  healed_revoke(*store, "b");
  // Later than the grace of the first attempt: this would be reuse.
  CHECK(waiting.rotate(rotation_of("s", 1, 3, 1200)).presented == Presented::current);
}

TEST_CASE("While Redis pauses its clients' writes calls fail, and succeed again after it") {
  RedisServer server;
  RedisOptions options = options_of(server);
  options.timeout = Millisec(100);
  const auto store = open_redis_store(options);
  CHECK(healed_revoke(*store, "a") == 1);
  CHECK(server.ask({"CLIENT", "PAUSE", "100000", "WRITE"}) == "OK");
  CHECK(failed_call(*store).error.kind == Kind::unreachable);
  CHECK(server.ask({"CLIENT", "UNPAUSE"}) == "OK");
  healed_revoke(*store, "b");
}

TEST_CASE("A server that became a replica refuses writes at once, and takes them when it is a master again") {
  RedisServer server;
  const auto store = open_redis_store(options_of(server));
  CHECK(healed_revoke(*store, "a") == 1);
  CHECK(server.ask({"REPLICAOF", "127.0.0.1", "1"}) == "OK");
  const Failed failed = failed_call(*store);
  CHECK(failed.error.kind == Kind::read_only);
  CHECK(failed.error.detail.starts_with("Redis refuses a call: READONLY "));
  CHECK(failed.took < Millisec(900));
  CHECK(server.ask({"REPLICAOF", "NO", "ONE"}) == "OK");
  CHECK(healed_revoke(*store, "b") == 2);
}

TEST_CASE("A server without memory refuses what would grow, and still gives and sweeps") {
  RedisServer server;
  const auto store = open_redis_store(options_of(server));
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  CHECK(server.ask({"CONFIG", "SET", "maxmemory", "1"}) == "OK");
  CHECK(failed_call(*store).error.kind == Kind::read_only);
  CHECK(waiting.find("s", hash_of(1), 1100).presented == Presented::current);
  CHECK(waiting.sweep(9000 + kept_after_end) == 2);
  CHECK(server.ask({"CONFIG", "SET", "maxmemory", "0"}) == "OK");
  healed_revoke(*store, "s");
}

TEST_CASE("Without the password, or with another one, Redis refuses") {
  RedisServer server({"--requirepass", "right"});
  RedisOptions options = options_of(server);
  options.timeout = Millisec(200);
  SUBCASE("right") {
    options.url.password = Secret("right");
    CHECK(healed_revoke(*open_redis_store(options), "s") == 1);
  }
  SUBCASE("wrong") {
    options.url.password = Secret("wrong");
    const Failed failed = failed_call(*open_redis_store(options));
    CHECK(failed.error.kind == Kind::refused);
    CHECK(failed.error.detail.starts_with("Redis refuses AUTH: WRONGPASS "));
    CHECK(failed.error.detail.find("wrong") == std::string::npos);
  }
  SUBCASE("none") {
    CHECK(failed_call(*open_redis_store(options)).error.kind == Kind::refused);
  }
}

TEST_CASE("A user with no more rights than the store needs can do all of it") {
  RedisServer server;
  server.ask({"ACL", "SETUSER", "gate", "on", ">pass", "~{postern}*", "-@all", "+@read", "+@write", "+@scripting",
              "-@dangerous", "+time"});
  RedisOptions options = options_of(server);
  options.url.user = "gate";
  options.url.password = Secret("pass");
  {
    Known known;
    const auto store = open_redis_store(options);
    const Waiting waiting{*store};
    store->follow(known.follower());
    waiting.begin(family_of("s"), hash_of(1), 1500);
    CHECK(waiting.rotate(rotation_of("s", 1, 2, 1100)).presented == Presented::current);
    waiting.revoke(revocation_of("s"));
    waiting.add_key({"kid", "ES256", Secret("pem"), 1, 2, 3, 4}, 0);
    CHECK(waiting.keys().keys.size() == 1);
    waiting.count({{"a", 1, 100}}, 1000);
    waiting.uncount({{"a", 1, 100}});
    CHECK(waiting.sweep(9'000 + kept_after_end) == 6);
    known.wait_for({"s"});
  }
  // Of other keys it may touch none.
  options.key_prefix = "other";
  CHECK(failed_call(*open_redis_store(options)).error.kind == Kind::refused);
}

TEST_CASE("What a user may not do in a script is refused, not damage") {
  RedisServer server;
  server.ask({"ACL", "SETUSER", "gate", "on", ">pass", "~*", "+@all", "-xadd"});
  RedisOptions options = options_of(server);
  options.url.user = "gate";
  options.url.password = Secret("pass");
  CHECK(failed_call(*open_redis_store(options)).error.kind == Kind::refused);
}

TEST_CASE("A server that may evict sessions is told of in the log, once") {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  RedisServer server({"--maxmemory-policy", "allkeys-lru"});
  {
    const auto store = open_redis_store(options_of(server));
    healed_revoke(*store, "a");
    CHECK(server.ask({"CLIENT", "KILL", "TYPE", "normal"}) == "1");
    healed_revoke(*store, "b");
  }
  spdlog::set_default_logger(before);
  const std::string said = "Redis at 127.0.0.1 port " + std::to_string(server.port()) +
                           " may evict sessions and revocations: its maxmemory-policy is allkeys-lru, not noeviction";
  const std::size_t at = log.str().find(said);
  CHECK(at != std::string::npos);
  CHECK(log.str().find(said, at + 1) == std::string::npos);
}

TEST_CASE("Scripts that the server has forgotten are loaded again") {
  RedisServer server;
  const auto store = open_redis_store(options_of(server));
  const Waiting waiting{*store};
  CHECK(waiting.revoke(revocation_of("a")) == 1);
  CHECK(server.ask({"SCRIPT", "FLUSH"}) == "OK");
  CHECK(waiting.revoke(revocation_of("b")) == 2);
}

TEST_CASE("As many calls wait as the queue takes, one more is refused on the caller's thread") {
  RedisServer server;
  server.send(SIGSTOP);
  RedisOptions options = options_of(server);
  options.queue_limit = 3;
  options.timeout = Seconds(10);
  std::vector<Answer<std::uint64_t>> taken(3);
  Answer<std::uint64_t> refused;
  {
    const auto store = open_redis_store(options);
    for (std::size_t i = 0; i < taken.size(); ++i) store->revoke(revocation_of(std::to_string(i)), taken[i].done());
    store->revoke(revocation_of("s"), refused.done());
    REQUIRE(refused.future.wait_for(Seconds(0)) == std::future_status::ready);
    const auto outcome = refused.wait();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().kind == Kind::busy);
    server.send(SIGCONT);
    for (auto& answer : taken) CHECK(answer.wait().has_value());
    CHECK(healed_revoke(*store, "s") == 4);
  }
}

TEST_CASE("A sweep leaves nothing in Redis but the numbers that never begin anew") {
  const RedisServer server;
  const auto store = open_redis_store(options_of(server));
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  waiting.rotate(rotation_of("s", 1, 2, 1100));
  waiting.revoke({Revocation::Kind::sub, "https://id.example", "ann", {}, 2000});
  waiting.revoke({Revocation::Kind::sid, "https://id.example", "s", {}, 2000});
  waiting.revoke({Revocation::Kind::sid, "https://id.example", "s", {}, 2001});
  waiting.add_key({"kid", "ES256", Secret("pem"), 1, 2, 3, 4}, 0);
  waiting.count({{"a", 1, 100}}, 1000);
  CHECK(waiting.sweep(9'000 + kept_after_end) == 9);
  CHECK(server.ask({"EVAL", "local k = redis.call('KEYS', '*') table.sort(k) return table.concat(k, ' ')", "0"}) ==
        "{postern}:feed {postern}:keys_added {postern}:sequence");
  CHECK(server.ask({"XLEN", "{postern}:feed"}) == "0");
}

}  // namespace postern::state
