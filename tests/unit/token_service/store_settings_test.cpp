#include "filters/token_service/store_settings.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace postern;

namespace {

token_service::StoreSettings settings_of(const conf::RedisStore& redis) {
  conf::StateStore store;
  store.redis = redis;
  conf::Problems problems;
  auto settings = token_service::read_store_settings(store, "store", problems);
  REQUIRE(settings);
  return std::move(*settings);
}

state::RedisOptions options_of(const conf::RedisStore& redis) {
  return std::get<state::RedisOptions>(settings_of(redis).options);
}

conf::RedisStore with_url() {
  conf::RedisStore redis;
  redis.url = Secret("redis://u:p@h:7000/1");
  return redis;
}

conf::RedisStore with_sentinels() {
  conf::RedisStore redis;
  redis.sentinels = {"a", "[::1]:26380"};
  redis.master_name = "m";
  redis.sentinel_user = "s";
  redis.sentinel_password = Secret("q");
  return redis;
}

conf::RedisStore with_nodes() {
  conf::RedisStore redis;
  redis.nodes = {"a", "b:7000"};
  return redis;
}

}  // namespace

TEST_CASE("a Redis of one URL has neither Sentinels nor nodes") {
  const state::RedisOptions options = options_of(with_url());
  CHECK(options.url == conf::RedisUrl{false, "h", 7000, "u", Secret("p"), 1});
  CHECK_FALSE(options.sentinels);
  CHECK(options.nodes.empty());
  CHECK(options.tls == nullptr);
}

TEST_CASE("Sentinels have their own port, user and password") {
  conf::RedisStore redis = with_sentinels();
  redis.user = "u";
  redis.password = Secret("p");
  redis.wait_replicas = 2;
  const state::RedisOptions options = options_of(redis);
  REQUIRE(options.sentinels);
  CHECK(options.sentinels->addresses == std::vector<conf::RedisAddress>{{"a", 26379}, {"::1", 26380}});
  CHECK(options.sentinels->master_name == "m");
  CHECK(options.sentinels->user == "s");
  CHECK(options.sentinels->password == Secret("q"));
  CHECK(options.url.user == "u");
  CHECK(options.url.password == Secret("p"));
  CHECK(options.wait_replicas == 2);
}

TEST_CASE("nodes of a cluster speak TLS where its settings are given, though they be empty") {
  conf::RedisStore redis = with_nodes();
  const state::RedisOptions plain = options_of(redis);
  CHECK(plain.nodes == std::vector<conf::RedisAddress>{{"a", 6379}, {"b", 7000}});
  CHECK_FALSE(plain.url.tls);
  redis.tls.emplace();
  const state::RedisOptions secure = options_of(redis);
  CHECK(secure.url.tls);
  CHECK(secure.tls != nullptr);
}

TEST_CASE("whatever is set otherwise makes another store") {
  std::set<std::string> identities;
  const auto add = [&](const conf::RedisStore& base, const auto& change) {
    conf::RedisStore redis = base;
    change(redis);
    identities.insert(settings_of(redis).identity);
  };
  for (const conf::RedisStore& base : {with_url(), with_sentinels(), with_nodes()}) {
    add(base, [](conf::RedisStore&) {});
    add(base, [](conf::RedisStore&) {});
  }
  CHECK(identities.size() == 3);
  add(with_sentinels(), [](conf::RedisStore& redis) { redis.sentinels.pop_back(); });
  add(with_sentinels(), [](conf::RedisStore& redis) { redis.master_name = "n"; });
  add(with_sentinels(), [](conf::RedisStore& redis) { redis.sentinel_user = "t"; });
  add(with_sentinels(), [](conf::RedisStore& redis) { redis.sentinel_password = Secret("r"); });
  add(with_nodes(), [](conf::RedisStore& redis) { redis.nodes.pop_back(); });
  add(with_nodes(), [](conf::RedisStore& redis) { redis.tls.emplace(); });
  add(with_nodes(), [](conf::RedisStore& redis) { redis.wait_replicas = 1; });
  CHECK(identities.size() == 10);
}
