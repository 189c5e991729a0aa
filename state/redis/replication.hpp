// Calls that are answered when replicas have them, too. Pure.
#pragma once

#include <chrono>
#include <cstdint>

#include "state/redis/error_reply.hpp"
#include "state/redis/resp.hpp"
#include "state/redis/scripts.hpp"
#include "state/store.hpp"

namespace postern::state::redis {

// Whether what was answered may be lost with the master.
enum class Loss : std::uint8_t { never, bearable };

// Never: sessions, revocations and signing keys; not attempts and what a sweep removes.
Loss loss_of(Script script) noexcept;
// A look leaves its token as it is. What it may change ends a session, and is answered by a refusal, which promises
// nothing.
Loss loss_of(Rotation::Kind kind) noexcept;

// WAIT, for half of a call's time.
Words wait_command(unsigned replicas, std::chrono::milliseconds timeout);

// Its reply: nothing when so many replicas have all that the connection wrote before; else `read_only`.
MaybeError judge_wait(const Reply& reply, unsigned replicas);

}  // namespace postern::state::redis
