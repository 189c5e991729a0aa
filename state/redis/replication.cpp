#include "state/redis/replication.hpp"

#include <string>

namespace postern::state::redis {

Loss loss_of(Script script) noexcept {
  switch (script) {
    case Script::begin_session:
    case Script::rotate:
    case Script::revoke:
    case Script::end_sessions:
    case Script::add_key:
      return Loss::never;
    case Script::find:
    case Script::load_keys:
    case Script::count_attempt:
    case Script::uncount_attempt:
    case Script::sweep:
      return Loss::bearable;
  }
  return Loss::bearable;
}

Words wait_command(unsigned replicas, std::chrono::milliseconds timeout) {
  return {"WAIT", std::to_string(replicas), std::to_string(timeout.count() / 2)};
}

MaybeError judge_wait(const Reply& reply, unsigned replicas) {
  if (reply.type == Reply::Type::error) {
    return StoreError{judge_error_reply(reply.text).kind, "Redis refuses WAIT: " + reply.text};
  }
  if (reply.type != Reply::Type::integer) {
    return StoreError{StoreError::Kind::damaged, "Redis answers WAIT without sense"};
  }
  if (reply.integer >= static_cast<std::int64_t>(replicas)) return std::nullopt;
  return StoreError{StoreError::Kind::read_only, std::to_string(reply.integer) + " of " + std::to_string(replicas) +
                                                     " replicas of Redis have the call in time"};
}

}  // namespace postern::state::redis
