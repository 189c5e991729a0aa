#include "filters/token_service/store_settings.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "conf/load.hpp"
#include "conf/redis_url.hpp"
#include "filters/token_service/await_store.hpp"
#include "state/redis/redis_store.hpp"

namespace postern::token_service {
namespace {

// What is in `file` where one is named, else `written`.
Secret secret_of(const conf::FilePath& file, const Secret& written, const std::string& path, conf::Problems& problems) {
  if (file.empty()) return written;
  auto secret = conf::read_secret(file.resolved, conf::SecretEncoding::raw);
  if (secret) return std::move(*secret);
  problems.add(path, secret.error());
  return {};
}

// They were checked with the configuration.
std::vector<conf::RedisAddress> addresses_of(const std::vector<std::string>& texts, std::uint16_t port) {
  std::vector<conf::RedisAddress> addresses;
  for (const std::string& text : texts) {
    addresses.push_back(conf::parse_redis_address(text, port).value_or(conf::RedisAddress()));
  }
  return addresses;
}

state::RedisSentinels sentinels_of(const conf::RedisStore& redis, const std::string& path, conf::Problems& problems) {
  constexpr std::uint16_t port = 26379;
  return {addresses_of(redis.sentinels, port), redis.master_name, redis.sentinel_user,
          secret_of(redis.sentinel_password_file, redis.sentinel_password, path + ".sentinel_password_file",
                    problems)};
}

state::RedisOptions redis_options(const conf::RedisStore& redis, const std::string& path, conf::Problems& problems) {
  state::RedisOptions options;
  if (redis.url.empty()) {
    options.url.tls = redis.tls.has_value();
  } else {
    options.url = conf::parse_redis_url(redis.url.reveal()).value_or(conf::RedisUrl());  // checked, as the others
  }
  if (!redis.sentinels.empty()) options.sentinels = sentinels_of(redis, path, problems);
  options.nodes = addresses_of(redis.nodes, options.url.port);
  if (options.url.user.empty()) options.url.user = redis.user;
  if (options.url.password.empty()) {
    options.url.password = secret_of(redis.password_file, redis.password, path + ".password_file", problems);
  }
  options.key_prefix = redis.key_prefix;
  options.timeout = redis.timeout;
  options.wait_replicas = redis.wait_replicas;
  if (options.url.tls) {
    options.tls = ClientTls::make(redis.tls.value_or(conf::UpstreamTls()), path + ".tls", problems);
  }
  return options;
}

// Each part by its size, so that no two lists are one text.
std::string hash_of(const std::vector<std::string_view>& parts) {
  std::string text;
  for (const std::string_view part : parts) text.append(std::to_string(part.size())).append(":").append(part);
  const Secret whole(std::move(text));
  return std::string(bytes_of(sha256(whole.reveal())));
}

std::string hash_of_texts(const std::vector<std::string>& parts) {
  return hash_of(std::vector<std::string_view>(parts.begin(), parts.end()));
}

std::string identity_of(const conf::RedisStore& redis, const state::RedisOptions& options) {
  const conf::UpstreamTls tls = redis.tls.value_or(conf::UpstreamTls());
  const Secret no_password;
  const Secret& sentinel_password = options.sentinels ? options.sentinels->password : no_password;
  const std::string sentinels = hash_of_texts(redis.sentinels), nodes = hash_of_texts(redis.nodes);
  const std::string timeout = std::to_string(redis.timeout.count()), replicas = std::to_string(redis.wait_replicas);
  return hash_of({"redis", redis.url.reveal(), options.url.tls ? "tls" : "", sentinels, nodes, redis.master_name,
                  redis.sentinel_user, sentinel_password.reveal(), options.url.user, options.url.password.reveal(),
                  redis.key_prefix, timeout, replicas, tls.ca_file.resolved, tls.server_name, tls.verify ? "1" : "0",
                  tls.certificate_file.resolved, tls.key_file.resolved});
}

}  // namespace

std::optional<StoreSettings> read_store_settings(const conf::StateStore& store, const std::string& path,
                                                 conf::Problems& problems) {
  const std::size_t problems_before = problems.errors().size();
  StoreSettings read;
  read.path = path;
  if (store.redis) {
    state::RedisOptions options = redis_options(*store.redis, path + ".redis", problems);
    read.identity = identity_of(*store.redis, options);
    read.options = std::move(options);
  } else {
    state::SqliteOptions options;
    options.file = store.sqlite.resolved;
    options.timeout = store_deadline;
    read.identity = hash_of({"sqlite", options.file});
    read.options = std::move(options);
  }
  if (problems.errors().size() > problems_before) return std::nullopt;
  return read;
}

std::optional<Secret> read_encryption_secret(const conf::SigningKeys& keys, conf::Problems& problems) {
  const std::string path = "token_service.signing_keys.encryption_secret_file";
  const std::size_t problems_before = problems.errors().size();
  Secret secret = secret_of(keys.encryption_secret_file, keys.encryption_secret, path, problems);
  const bool is_short = !secret.empty() && secret.reveal().size() < conf::min_encryption_secret;
  if (is_short) problems.add(path, "has less than 32 bytes");
  if (problems.errors().size() > problems_before) return std::nullopt;
  return secret;
}

std::unique_ptr<state::Store> open_store(const StoreSettings& settings, conf::Problems& problems) {
  if (const auto* redis = std::get_if<state::RedisOptions>(&settings.options)) return state::open_redis_store(*redis);
  auto store = state::open_sqlite_store(std::get<state::SqliteOptions>(settings.options));
  if (store) return std::move(*store);
  problems.add(settings.path + ".sqlite", store.error());
  return nullptr;
}

}  // namespace postern::token_service
