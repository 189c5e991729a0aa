// Sentinel's word about who the master is. Pure.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "conf/redis_url.hpp"
#include "state/redis/resp.hpp"
#include "state/store.hpp"

namespace postern::state::redis {

// SENTINEL GET-MASTER-ADDR-BY-NAME.
Words ask_for_master(const std::string& name);

// Its reply: host and port. `unreachable` where Sentinel knows no master of the name, `damaged` for what makes no
// sense.
tl::expected<conf::RedisAddress, StoreError> read_master(const Reply& reply, const std::string& name);

}  // namespace postern::state::redis
