// What a connection begins with, and when the next one is tried. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "state/redis/error_reply.hpp"
#include "state/redis/redis_options.hpp"
#include "state/redis/resp.hpp"

namespace postern::state::redis {

enum class ForScripts : bool { no, yes };

// What a step's reply must be: `success` no error, `master` ROLE of a master, `no_eviction` anything: what it says is
// for the log, and many users may not ask; `time` what TIME gives.
enum class Expected : std::uint8_t { success, master, no_eviction, time };

struct GreetingStep {
  Words command;
  Expected expected = Expected::success;
  bool operator==(const GreetingStep&) const = default;
};

// AUTH where there is a password (with the user where there is one: ACLs of Redis 6), SELECT unless it is database 0,
// ROLE of what Sentinel named, which may have been told late that it is no master any more; and for a connection that
// calls scripts SCRIPT LOAD of each, as a server that was started anew has none, CONFIG GET of the eviction, and TIME.
std::vector<GreetingStep> greeting(const RedisOptions& options, ForScripts for_scripts);
std::vector<GreetingStep> sentinel_greeting(const RedisSentinels& sentinels);

// Why the server must not be used, by its reply to the step.
MaybeError judge_greeting(const GreetingStep& step, const Reply& reply);

// Of `CONFIG GET maxmemory-policy`: the policy, or nothing where it is `noeviction` or not told.
std::string read_eviction(const Reply& reply);

// What a server's clock said, and when that was heard.
struct ServerClock {
  Millis time = 0;  // milliseconds Unix
  std::chrono::steady_clock::time_point heard;

  // What it says at that instant; rather less, by the way of the answer, than more.
  Millis at(std::chrono::steady_clock::time_point instant) const noexcept;
};

// Of TIME: milliseconds Unix, or nothing for what makes no sense.
std::optional<Millis> read_time(const Reply& reply);

// Before the next attempt, after so many failures in a row: 20 ms, doubled each time up to a second, and of that
// between the half and all, by `random` from 0 to 1.
std::chrono::milliseconds reconnect_pause(unsigned failures, double random) noexcept;

}  // namespace postern::state::redis
