#include "state/redis/own_revocations.hpp"

#include <algorithm>
#include <utility>

namespace postern::state::redis {

void OwnRevocations::add(SequencedRevocation revocation, Millis now) {
  forget(now);
  // Said again it is no news: what is said again because it may be lost would otherwise be more each time.
  const bool is_known = std::any_of(taken_.begin(), taken_.end(), [&](const Taken& one) {
    return one.revocation.revocation == revocation.revocation;
  });
  if (!is_known) taken_.push_back({std::move(revocation), now});
}

std::vector<SequencedRevocation> OwnRevocations::recent(Millis now) {
  forget(now);
  std::vector<SequencedRevocation> revocations;
  for (const Taken& one : taken_) revocations.push_back(one.revocation);
  return revocations;
}

void OwnRevocations::forget(Millis now) {
  while (!taken_.empty() && now - taken_.front().at >= kept_for) taken_.pop_front();
}

std::vector<Revocation> lost_revocations(const std::vector<SequencedRevocation>& own,
                                         const std::vector<SequencedRevocation>& all, Millis now) {
  std::vector<Revocation> lost;
  for (const auto& [sequence, revocation] : own) {
    const auto found = std::lower_bound(
        all.begin(), all.end(), sequence,
        [](const SequencedRevocation& entry, std::uint64_t number) { return entry.sequence < number; });
    // Another one may have its number by now.
    const bool is_there = found != all.end() && found->sequence == sequence && found->revocation == revocation;
    if (!is_there && revocation.until > now) lost.push_back(revocation);
  }
  return lost;
}

}  // namespace postern::state::redis
