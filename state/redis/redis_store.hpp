// The store of many machines: Redis 6.2 or later, one server, which may have replicas, the master that Sentinel names,
// or the node of a cluster that has the slot of the key prefix. Each call is one Lua script; revocations are followed
// over a second connection.
//
// A call that writes and has failed because its time was over is not begun any more when a Redis that stood still goes
// on; one that had begun may have happened.
//
// What Redis has answered is as durable as it was set up: a write that was not on a replica yet is lost with its
// master, unless `wait_replicas` says that there must be some. What this process revoked in the last minute it revokes
// again then.
#pragma once

#include <memory>

#include "gateway/name_lookups.hpp"
#include "state/redis/redis_options.hpp"
#include "state/store.hpp"

namespace postern::state {

// Returns at once: a server that cannot be reached is tried again for as long as the store lives. A look-up of its name
// never holds up the store's end.
std::unique_ptr<Store> open_redis_store(RedisOptions options, Resolve resolve = resolve_by_system);

}  // namespace postern::state
