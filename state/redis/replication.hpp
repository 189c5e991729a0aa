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

// Never: sessions, revocations and signing keys; not attempts and what a sweep removes. Nor that of a look, which
// leaves its token as it is: it fails where its rotation would, before the token is used and its successor lost with
// the rotation's answer.
Loss loss_of(Script script) noexcept;

// WAIT, for half of a call's time.
Words wait_command(unsigned replicas, std::chrono::milliseconds timeout);

// Its reply: nothing when so many replicas have all that the connection wrote before; else `read_only`.
MaybeError judge_wait(const Reply& reply, unsigned replicas);

}  // namespace postern::state::redis
