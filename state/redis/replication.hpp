// Calls that are answered when replicas have them, too. Pure.
#pragma once

#include <chrono>

#include "state/redis/error_reply.hpp"
#include "state/redis/resp.hpp"
#include "state/redis/scripts.hpp"

namespace postern::state::redis {

// Whether what the script does must not be lost with the master: sessions, revocations and signing keys; not attempts
// and what a sweep removes.
bool is_replicated(Script script) noexcept;

// WAIT, for half of a call's time.
Words wait_command(unsigned replicas, std::chrono::milliseconds timeout);

// Its reply: nothing when so many replicas have all that the connection wrote before; else `read_only`.
MaybeError judge_wait(const Reply& reply, unsigned replicas);

}  // namespace postern::state::redis
