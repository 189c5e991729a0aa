// A Redis whose name is resolved slowly.
#include <chrono>
#include <thread>

#include "tests/store/redis_clients.hpp"
#include "tests/unit/slow_names.hpp"

namespace postern::state {

using Clock = std::chrono::steady_clock;

TEST_CASE("A store ends while its server's name is looked up, and the look-up ends by itself") {
  SlowNames names;
  Known known;
  RedisOptions options;
  options.url.host = "redis.example";
  options.timeout = patience;
  auto store = open_redis_store(options, names.resolve());
  store->follow(known.follower());
  names.wait_for_look_ups(1);
  const auto began = Clock::now();
  store.reset();
  CHECK(Clock::now() - began < patience / 2);
  CHECK_FALSE(names.is_left_alone());
  names.open(Addresses{});
  while (!names.is_left_alone()) std::this_thread::yield();
}

TEST_CASE("While the name is looked up calls fail in their time, and the store heals with its address") {
  const RedisServer server;
  SlowNames names;
  RedisOptions options = options_of(server);
  options.url.host = "redis.example";
  options.timeout = std::chrono::milliseconds(100);
  const auto store = open_redis_store(options, names.resolve());
  const Failed failed = failed_call(*store);
  CHECK(failed.error.kind == StoreError::Kind::unreachable);
  CHECK(failed.took < patience / 2);
  failed_call(*store);
  CHECK(names.asked().size() == 1);
  names.open(Addresses{boost::asio::ip::make_address("127.0.0.1")});
  CHECK(healed_revoke(*store, "s") == 1);
}

TEST_CASE("A name that the system does not know is told of as such") {
  RedisOptions options;
  options.url.host = "redis.invalid";
  SlowNames names;
  names.open(tl::unexpected(error_code(boost::asio::error::host_not_found)));
  options.timeout = std::chrono::milliseconds(200);
  const auto store = open_redis_store(options, names.resolve());
  CHECK(failed_call(*store).error.detail == "Redis at redis.invalid port 6379: Host not found (authoritative)");
}

}  // namespace postern::state
