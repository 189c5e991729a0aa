// What this process revoked of late. A replica that becomes the master may not have heard of it: it is said again then.
#pragma once

#include <cstddef>
#include <deque>
#include <unordered_set>
#include <vector>

#include "state/store.hpp"

namespace postern::state::redis {

// Revocations that stand elsewhere, found by what they say.
struct HashOfRevocation {
  std::size_t operator()(const Revocation* revocation) const noexcept;
};
struct SameRevocation {
  bool operator()(const Revocation* one, const Revocation* other) const noexcept { return *one == *other; }
};
using RevocationSet = std::unordered_set<const Revocation*, HashOfRevocation, SameRevocation>;

class OwnRevocations {
 public:
  static constexpr Millis kept_for = 60'000;

  // One that the store has taken at `now`; it is kept for a minute from the first time on.
  void add(Revocation revocation, Millis now);
  // Those of the last minute.
  std::vector<Revocation> recent(Millis now);

 private:
  struct Taken {
    Revocation revocation;
    Millis at = 0;
  };
  void forget(Millis now);

  std::deque<Taken> taken_;
  RevocationSet known_;  // those of taken_, which stay where they are
};

// Those of `own` that do not stand in `all`, which was read when all of `own` were taken. One that has expired is not
// missed.
std::vector<Revocation> lost_revocations(const std::vector<Revocation>& own,
                                         const std::vector<SequencedRevocation>& all, Millis now);

}  // namespace postern::state::redis
