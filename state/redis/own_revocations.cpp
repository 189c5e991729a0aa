#include "state/redis/own_revocations.hpp"

#include <functional>
#include <string>
#include <utility>

namespace postern::state::redis {

std::size_t HashOfRevocation::operator()(const Revocation* revocation) const noexcept {
  constexpr std::size_t odd = 31;
  return std::hash<std::string>()(revocation->value) * odd + std::hash<Millis>()(revocation->until);
}

void OwnRevocations::add(Revocation revocation, Millis now) {
  forget(now);
  // Said again it is no news: what is said again because it may be lost would otherwise be more each time.
  if (known_.contains(&revocation)) return;
  taken_.push_back({std::move(revocation), now});
  known_.insert(&taken_.back().revocation);
}

std::vector<Revocation> OwnRevocations::recent(Millis now) {
  forget(now);
  std::vector<Revocation> revocations;
  for (const Taken& one : taken_) revocations.push_back(one.revocation);
  return revocations;
}

void OwnRevocations::forget(Millis now) {
  while (!taken_.empty() && now - taken_.front().at >= kept_for) {
    known_.erase(&taken_.front().revocation);
    taken_.pop_front();
  }
}

std::vector<Revocation> lost_revocations(const std::vector<Revocation>& own,
                                         const std::vector<SequencedRevocation>& all, Millis now) {
  RevocationSet missing;
  for (const Revocation& one : own) {
    if (one.until > now) missing.insert(&one);
  }
  // Under whatever number: one that was said again has that of its first time.
  for (const SequencedRevocation& entry : all) missing.erase(&entry.revocation);
  std::vector<Revocation> lost;
  for (const Revocation& one : own) {
    if (missing.erase(&one) > 0) lost.push_back(one);
  }
  return lost;
}

}  // namespace postern::state::redis
