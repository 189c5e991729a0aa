// What a connection begins with, and when the next one is tried. Pure.
#pragma once

#include <chrono>
#include <vector>

#include "conf/redis_url.hpp"
#include "state/redis/resp.hpp"

namespace postern::state::redis {

enum class ForScripts : bool { no, yes };

// AUTH where there is a password (with the user where there is one: ACLs of Redis 6), SELECT unless it is database 0,
// and for a connection that calls scripts SCRIPT LOAD of each: a server that was started anew has none.
std::vector<Words> greeting(const conf::RedisUrl& url, ForScripts for_scripts);

// Before the next attempt, after so many failures in a row: 20 ms, doubled each time up to a second, and of that
// between the half and all, by `random` from 0 to 1.
std::chrono::milliseconds reconnect_pause(unsigned failures, double random) noexcept;

}  // namespace postern::state::redis
