// How a Redis store is reached.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "conf/redis_url.hpp"
#include "gateway/tls.hpp"

namespace postern::state {

struct RedisOptions {
  conf::RedisUrl url;
  std::shared_ptr<const ClientTls> tls;     // for `rediss://`
  std::string key_prefix = "postern";       // without braces
  std::chrono::milliseconds timeout{1000};  // of a connection with its greeting, and of a call
  std::size_t queue_limit = 4096;           // calls without an answer; beyond: StoreError::Kind::busy
};

}  // namespace postern::state
