// What Redis means by an error reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "state/store.hpp"

namespace postern::state::redis {

struct ErrorReply {
  StoreError::Kind kind = StoreError::Kind::damaged;
  // Another server, or this one after a new greeting, may answer: READONLY (no master any more), NOREPLICAS, NOSCRIPT
  // (it has started anew), MOVED. Not ASK: a slot is on its way, and half of what a script reads may be on either node.
  bool try_elsewhere = false;
};

// By the first word, and for `ERR Error running script` of Redis before 7 by the word behind ` -`. What is not known is
// `damaged`.
ErrorReply judge_error_reply(std::string_view text) noexcept;

// The node of a cluster that has the slot.
struct ClusterNode {
  std::string host;  // empty: that of the node that answered
  std::uint16_t port = 0;
  bool operator==(const ClusterNode&) const = default;
};

// `MOVED 3999 host:port`; an IPv6 address is without brackets. Nothing for other texts.
std::optional<ClusterNode> parse_moved(std::string_view text);

}  // namespace postern::state::redis
