// Where sessions, revocations and signing keys are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "conf/upstream_tls.hpp"
#include "conf/values.hpp"

namespace postern::conf {

struct RedisStore {
  // How the server is found: one of these three.
  Secret url;                          // conf/redis_url.hpp; it may hold a password
  std::vector<std::string> sentinels;  // `host` or `host:port`
  std::vector<std::string> nodes;      // of a cluster; as `sentinels`

  std::string master_name;  // under which Sentinel knows it
  std::string sentinel_user;
  Secret sentinel_password;
  FilePath sentinel_password_file;
  std::string user;  // unless the URL has one
  Secret password;
  FilePath password_file;
  std::optional<UpstreamTls> tls;  // with a URL only for `rediss://`; else whether TLS is spoken at all
  std::string key_prefix = "postern";
  Duration timeout{1'000};
  std::uint32_t wait_replicas = 0;  // that must have a session's change, or a revocation, before it is answered
};

// Where sessions, revocations and signing keys are kept: one of both.
struct StateStore {
  FilePath sqlite;
  std::optional<RedisStore> redis;
};

// Revocation of other providers' tokens, where no token service has a store for it.
struct Revocations {
  StateStore store;
  Duration patience{30'000};  // without news of the store, until nobody knows what is revoked
};

}  // namespace postern::conf
