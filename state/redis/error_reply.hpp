// What Redis means by an error reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "conf/redis_url.hpp"
#include "state/redis/resp.hpp"
#include "state/store.hpp"

namespace postern::state::redis {

using MaybeError = std::optional<StoreError>;

struct ErrorReply {
  StoreError::Kind kind = StoreError::Kind::damaged;
  // Another server, or this one after a new greeting, may answer: READONLY (no master any more), NOREPLICAS, NOSCRIPT
  // (it has started anew), MOVED, UNBLOCKED (it is no master any more), LATE of our own scripts (its clock was set
  // since the greeting). Not ASK: a slot is on its way, and half of what a script reads may be on either node.
  bool try_elsewhere = false;
};

// By the first word, and for `ERR Error running script` of Redis before 7 by the word behind ` -`. What is not known is
// `damaged`.
ErrorReply judge_error_reply(std::string_view text) noexcept;

// What a call gives by its reply: an error reply is why there is nothing.
tl::expected<Reply, StoreError> outcome_of(Reply reply);

// The node of a cluster that has the slot: `MOVED 3999 host:port`; an IPv6 address is without brackets. No host: that
// of the node that answered. Nothing for other texts.
std::optional<conf::RedisAddress> parse_moved(std::string_view text);

}  // namespace postern::state::redis
