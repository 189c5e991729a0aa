// What this process revoked of late. A replica that becomes the master may not have heard of it: it is said again then.
#pragma once

#include <deque>
#include <vector>

#include "state/store.hpp"

namespace postern::state::redis {

class OwnRevocations {
 public:
  static constexpr Millis kept_for = 60'000;

  // One that the store has taken at `now`; it is kept for a minute from the first time on.
  void add(SequencedRevocation revocation, Millis now);
  // Those of the last minute.
  std::vector<SequencedRevocation> recent(Millis now);

 private:
  struct Taken {
    SequencedRevocation revocation;
    Millis at = 0;
  };
  void forget(Millis now);

  std::deque<Taken> taken_;
};

// Those of `own` that do not stand in `all`, which is in order and was read when all of `own` were taken. One that has
// expired is not missed.
std::vector<Revocation> lost_revocations(const std::vector<SequencedRevocation>& own,
                                         const std::vector<SequencedRevocation>& all, Millis now);

}  // namespace postern::state::redis
