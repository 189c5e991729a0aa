// How a Redis store is reached.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/redis_url.hpp"
#include "gateway/tls.hpp"

namespace postern::state {

// Where it is asked which server is the master.
struct RedisSentinels {
  std::vector<conf::RedisAddress> addresses;  // asked in turn; at least one
  std::string master_name;
  std::string user;  // of Sentinel's own ACL; empty: `default`
  Secret password;   // empty: none is sent
};

struct RedisOptions {
  conf::RedisUrl url;                       // of its parts host and port only without the next two
  std::optional<RedisSentinels> sentinels;  // which speak TLS where Redis does
  std::vector<conf::RedisAddress> nodes;    // of a cluster, tried in turn
  std::shared_ptr<const ClientTls> tls;     // where `url.tls` says so
  std::string key_prefix = "postern";       // without braces
  std::chrono::milliseconds timeout{1000};  // of a connection with its greeting, and of a call
  unsigned wait_replicas = 0;               // that must have a session's change, or a revocation
  std::size_t queue_limit = 4096;           // calls without an answer; beyond: StoreError::Kind::busy
};

}  // namespace postern::state
