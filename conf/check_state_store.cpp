#include "conf/check.hpp"
#include "conf/redis_url.hpp"
#include "conf/tree.hpp"

namespace postern::conf {
namespace {

void check_redis_url(const RedisStore& redis, const std::string& path, Problems& problems) {
  if (problems.is_settled(path + ".url")) return;
  const auto url = parse_redis_url(redis.url.reveal());
  if (!url) return problems.add(path + ".url", url.error());
  const bool has_password = !redis.password.empty() || !redis.password_file.empty();
  if (!url->user.empty() && !redis.user.empty()) problems.add(path + ".user", "stands in the URL as well");
  if (!url->password.empty() && has_password) {
    problems.add(path + (redis.password.empty() ? ".password_file" : ".password"), "stands in the URL as well");
  }
  if (url->password.empty() && !has_password && !(url->user.empty() && redis.user.empty())) {
    problems.add(path, "has a user without a password");
  }
  if (!url->tls && redis.tls) problems.add(path + ".tls", "says nothing without a `rediss://` URL");
}

void check_redis_addresses(const std::vector<std::string>& addresses, const std::string& path, Problems& problems) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (problems.is_settled(item_path(path, i))) continue;
    const auto address = parse_redis_address(addresses[i], 1);
    if (!address) problems.add(item_path(path, i), address.error());
  }
}

void check_redis(const RedisStore& redis, const std::string& path, Problems& problems) {
  if (!redis.url.empty()) {
    check_redis_url(redis, path, problems);
  } else if (!redis.user.empty() && redis.password.empty() && redis.password_file.empty()) {
    problems.add(path, "has a user without a password");
  }
  check_redis_addresses(redis.sentinels, path + ".sentinels", problems);
  check_redis_addresses(redis.nodes, path + ".nodes", problems);
  const bool has_password = !redis.sentinel_password.empty() || !redis.sentinel_password_file.empty();
  if (!redis.sentinel_user.empty() && !has_password) problems.add(path + ".sentinel_user", "has no password");
}

}  // namespace

void check_state_store(const StateStore& store, const std::string& path, Problems& problems) {
  if (store.redis) check_redis(*store.redis, path + ".redis", problems);
}

void check_revocations(const Config& config, Problems& problems) {
  if (!config.revocations) return;
  if (config.token_service) {
    problems.add("revocations", "cannot stand beside `token_service`: the revocations live in `token_service.store`");
  }
  check_state_store(config.revocations->store, "revocations.store", problems);
}

}  // namespace postern::conf
