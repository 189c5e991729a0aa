// Whether this process knows all revocations: pure.
#pragma once

#include <cstdint>
#include <optional>

#include "state/session.hpp"

namespace postern::state {

// `since` is the last instant at which the store said that nothing is newer than what is known here; none: never yet.
struct Following {
  std::optional<Millis> since;
  // False from `patience` after `since` on, and before the first load.
  bool is_current(Millis now, Millis patience) const noexcept { return since && now - *since < patience; }
};

// What a follower does after reading the feed's entries with their sequence numbers.
enum class FeedStep : std::uint8_t { apply, reload };  // reload: a number is missing, or they have begun anew

constexpr FeedStep judge_feed(std::uint64_t last_known, std::uint64_t first_read) noexcept {
  return first_read == last_known + 1 ? FeedStep::apply : FeedStep::reload;
}

}  // namespace postern::state
