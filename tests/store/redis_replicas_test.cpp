// A Redis with a replica: Sentinel's failover, and calls that wait for replicas.
#include <doctest/doctest.h>

#include <csignal>
#include <thread>

#include "tests/store/redis_clients.hpp"

namespace postern::state {
namespace {

using Kind = StoreError::Kind;
using Millisec = std::chrono::milliseconds;

template <class Condition>
void require_soon(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
}

bool says(const RedisServer& server, const std::vector<std::string>& command, const std::string& text) {
  return server.ask(command).find(text) != std::string::npos;
}

// A master and a replica that has what the master has.
struct Pair {
  RedisServer master{{"--repl-diskless-sync-delay", "0"}};
  RedisServer replica{{"--replicaof", "127.0.0.1", std::to_string(master.port()), "--repl-diskless-sync-delay", "0"}};

  Pair() {
    require_soon([&] { return says(master, {"INFO", "replication"}, "state=online"); });
  }
};

// The same, watched by a Sentinel.
struct Watched : Pair {
  RedisServer sentinel{{"--sentinel"}, "sentinel monitor mymaster 127.0.0.1 " + std::to_string(master.port()) + " 1\n"};

  Watched() {
    // Faster than it is, and without its distrust of slow machines.
    sentinel.ask({"SENTINEL", "DEBUG", "info-period", "300", "ping-period", "100", "publish-period", "100",
                  "min-link-reconnect-period", "100", "tilt-trigger", "60000"});
    sentinel.ask({"SENTINEL", "SET", "mymaster", "failover-timeout", "2000"});
    require_soon([&] { return says(sentinel, {"SENTINEL", "REPLICAS", "mymaster"}, std::to_string(replica.port())); });
  }
  RedisOptions options() const {
    RedisOptions options;
    options.sentinels = RedisSentinels{{{"127.0.0.1", sentinel.port()}}, "mymaster", "", Secret()};
    return options;
  }
};

}  // namespace

TEST_CASE("After Sentinel's failover the store goes on at the new master with all that was replicated") {
  Watched redis;
  RedisOptions options = redis.options();
  options.sentinels->addresses.insert(options.sentinels->addresses.begin(), {"127.0.0.1", free_port()});  // is down
  Known known;
  const auto store = open_redis_store(options);
  const Waiting waiting{*store};
  store->follow(known.follower());
  waiting.begin(family_of("s"), hash_of(1), 1500);
  CHECK(waiting.rotate(rotation_of("s", 1, 2, 1100)).presented == Presented::current);
  CHECK(waiting.revoke(revocation_of("a")) == 1);
  known.wait_for({"a"});
  require_soon([&] { return redis.replica.ask({"GET", "{postern}:sequence"}) == "1"; });

  // It refuses until it has seen that the replica is a good one.
  require_soon([&] { return redis.sentinel.ask({"SENTINEL", "FAILOVER", "mymaster"}) == "OK"; });
  require_soon([&] { return redis.replica.ask({"ROLE"}).starts_with("master"); });
  healed_revoke(*store, "b");
  // A write to the old master in its last moment is lost with it, and said again.
  require_soon([&] { return redis.replica.ask({"GET", "{postern}:sequence"}) == "2"; });
  known.wait_for({"a", "b"});
  CHECK(waiting.find("s", hash_of(2), 1100).presented == Presented::current);
  CHECK(waiting.find("s", hash_of(1), 1120).presented == Presented::reused);
}

TEST_CASE("A master that Sentinel does not know or give, or that is none, is not used") {
  Watched redis;
  RedisOptions options = redis.options();
  options.timeout = Millisec(200);
  const auto store = open_redis_store(options);
  CHECK(healed_revoke(*store, "a") == 1);
  RedisOptions other = options;
  other.sentinels->master_name = "other";
  const Failed unknown = failed_call(*open_redis_store(other));
  CHECK(unknown.error.kind == Kind::unreachable);
  CHECK(unknown.error.detail == "Sentinel knows no master `other`");
  // Sentinel has not noticed yet.
  CHECK(redis.master.ask({"REPLICAOF", "127.0.0.1", "1"}) == "OK");
  const Failed demoted = failed_call(*store);
  CHECK(demoted.error.kind == Kind::read_only);
  CHECK(demoted.error.detail == "the Redis that Sentinel names is not the master");
  CHECK(redis.master.ask({"REPLICAOF", "NO", "ONE"}) == "OK");
  healed_revoke(*store, "b");
  // Sentinel's password is its own, not that of Redis.
  redis.sentinel.ask({"ACL", "SETUSER", "default", "on", "resetpass", ">own"});
  options.url.password = Secret("own");
  CHECK(failed_call(*open_redis_store(options)).error.kind == Kind::refused);
  options.url.password = Secret();
  options.sentinels->password = Secret("own");
  healed_revoke(*open_redis_store(options), "c");
}

TEST_CASE("A follower of a server that has become a replica is told so, though it answers what is read") {
  Pair redis;
  Known known;
  const auto store = open_redis_store(options_of(redis.master));
  store->follow(known.follower());
  known.wait_until([&] { return known.caught_up > 0; });
  CHECK(redis.master.ask({"REPLICAOF", "127.0.0.1", "1"}) == "OK");  // where no master is
  // At the end of the connection, and at each attempt to follow again.
  const auto is_refused = [&] { return !known.failures.empty() && known.failures.back().kind == Kind::read_only; };
  known.wait_until(is_refused);
  const auto caught_up = known.now(&Known::caught_up);
  known.wait_until([&, times = known.now(&Known::failures).size() + 3] { return known.failures.size() >= times; });
  CHECK(known.now(&Known::caught_up) == caught_up);
  CHECK(redis.master.ask({"REPLICAOF", "NO", "ONE"}) == "OK");
  known.wait_until([&] { return known.caught_up > caught_up; });
}

TEST_CASE("A follower of a master that refuses all writes, since it is full, goes on") {
  const RedisServer server({"--maxmemory", "1"});
  Known known;
  const auto store = open_redis_store(options_of(server));
  store->follow(known.follower());
  known.wait_until([&] { return known.caught_up >= 2; });
  CHECK(known.now(&Known::failures).empty());
}

TEST_CASE("A follower of a master that refuses all writes, since it lacks replicas, is told so: it may be cut off") {
  const RedisServer server;
  Known known;
  const auto store = open_redis_store(options_of(server));
  store->follow(known.follower());
  known.wait_until([&] { return known.caught_up > 0; });
  CHECK(server.ask({"CONFIG", "SET", "min-replicas-to-write", "1"}) == "OK");
  known.wait_until([&] { return !known.failures.empty() && known.failures.back().kind == Kind::read_only; });
  const auto caught_up = known.now(&Known::caught_up);
  known.wait_until([&, times = known.now(&Known::failures).size() + 3] { return known.failures.size() >= times; });
  CHECK(known.now(&Known::caught_up) == caught_up);
  CHECK(server.ask({"CONFIG", "SET", "min-replicas-to-write", "0"}) == "OK");
  known.wait_until([&] { return known.caught_up > caught_up; });
}

TEST_CASE("What waits for replicas is not done either once its caller has given it up") {
  Pair redis;
  RedisOptions options = options_of(redis.master);
  options.wait_replicas = 1;
  options.timeout = Millisec(500);
  const auto store = open_redis_store(options);
  const Waiting waiting{*store};
  healed_revoke(*store, "a");
  waiting.begin(family_of("s"), hash_of(1), 1500);
  redis.master.send(SIGSTOP);
  Answer<Rotated> given_up;
  store->rotate(rotation_of("s", 1, 2, 1100), given_up.done());
  const auto outcome = given_up.wait();
  redis.master.send(SIGCONT);
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().kind == Kind::unreachable);
  healed_revoke(*store, "b");
  CHECK(waiting.rotate(rotation_of("s", 1, 3, 1200)).presented == Presented::current);
}

TEST_CASE("A call that too few replicas have fails, although it has happened; what only finds does not wait") {
  Pair redis;
  RedisOptions options = options_of(redis.master);
  options.wait_replicas = 1;
  options.timeout = std::chrono::seconds(10);
  {
    const auto store = open_redis_store(options);
    const Waiting waiting{*store};
    waiting.begin(family_of("s"), hash_of(1), 1500);
    CHECK(waiting.rotate(rotation_of("s", 1, 2, 1100)).presented == Presented::current);
    waiting.begin(family_of("t"), hash_of(5), 1500);
    CHECK(waiting.revoke(revocation_of("a")) == 1);
    CHECK(redis.replica.ask({"GET", "{postern}:sequence"}) == "1");
  }
  options.wait_replicas = 2;
  options.timeout = Millisec(300);
  const auto store = open_redis_store(options);
  const Failed failed = failed_call(*store);
  CHECK(failed.error.kind == Kind::read_only);
  CHECK(failed.error.detail == "1 of 2 replicas of Redis have the call in time");
  CHECK(failed.took >= Millisec(150));
  CHECK(redis.master.ask({"GET", "{postern}:sequence"}) == "2");
  CHECK(Waiting{*store}.find("s", hash_of(2), 1100).presented == Presented::family_ended);
}

TEST_CASE("A look fails where a rotation would, so that no token is used whose successor nobody gets") {
  Pair redis;
  RedisOptions options = options_of(redis.master);
  options.wait_replicas = 1;
  options.timeout = std::chrono::seconds(10);
  {
    const auto store = open_redis_store(options);
    const Waiting waiting{*store};
    waiting.begin(family_of("s"), hash_of(1), 1500);
    CHECK(waiting.look(rotation_of("s", 1, 2, 1100)).presented == Presented::current);
  }
  options.wait_replicas = 2;
  options.timeout = Millisec(300);
  const auto store = open_redis_store(options);
  Rotation look = rotation_of("s", 1, 2, 1100);
  look.kind = Rotation::Kind::look;
  Answer<Rotated> answer;
  store->rotate(look, answer.done());
  const auto outcome = answer.wait();
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().kind == Kind::read_only);
  CHECK(Waiting{*store}.find("s", hash_of(1), 1200).presented == Presented::current);
}

TEST_CASE("A rotation that is sent again because its answer was lost is no reuse, without a grace as well") {
  Pair redis;
  RedisOptions options = options_of(redis.master);
  options.wait_replicas = 1;
  options.timeout = std::chrono::seconds(10);
  const auto store = open_redis_store(options);
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  redis.replica.send(SIGSTOP);
  Rotation rotation = rotation_of("s", 1, 2, 1100);
  rotation.grace = 0;
  Answer<Rotated> answer;
  store->rotate(rotation, answer.done());
  require_soon([&] { return says(redis.master, {"INFO", "clients"}, "blocked_clients:1"); });  // it has happened
  CHECK(redis.master.ask({"CLIENT", "KILL", "TYPE", "normal"}) == "1");
  redis.replica.send(SIGCONT);
  CHECK(answer.value().presented == Presented::current);
  CHECK(waiting.find("s", hash_of(2), 1100).presented == Presented::current);
}

}  // namespace postern::state
