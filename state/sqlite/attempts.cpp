#include "state/sqlite/attempts.hpp"

#include <algorithm>

namespace postern::state {
namespace {

// A window that was counted by a clock which was ahead: it would last for hours.
void shorten(Database& database, const Attempt& attempt, Millis now) {
  execute(database, "UPDATE attempts SET ends = ?2 WHERE name = ?1 AND ends > ?2", attempt.name, now + attempt.window);
}

// Until the window ends in which `attempt` has reached its limit; 0: it has not.
Millis wait_for(Database& database, const Attempt& attempt, Millis now) {
  Query row(database, "SELECT ends FROM attempts WHERE name = ?1 AND ends > ?2 AND count >= ?3", attempt.name, now,
            attempt.limit);
  return row.next() ? row.integer(0) - now : 0;
}

}  // namespace

Millis count_attempt(Database& database, const std::vector<Attempt>& attempts, Millis now) {
  for (const Attempt& attempt : attempts) shorten(database, attempt, now);
  Millis wait = 0;
  for (const Attempt& attempt : attempts) wait = std::max(wait, wait_for(database, attempt, now));
  if (wait > 0) return wait;
  for (const Attempt& attempt : attempts) {
    execute(database,
            "INSERT INTO attempts(name, count, ends) VALUES(?1, 1, ?2 + ?3) ON CONFLICT(name) DO UPDATE SET "
            "count = iif(ends > ?2, count + 1, 1), ends = iif(ends > ?2, ends, ?2 + ?3)",
            attempt.name, now, attempt.window);
  }
  return 0;
}

void uncount_attempt(Database& database, const std::vector<Attempt>& attempts) {
  for (const Attempt& attempt : attempts) {
    if (attempt.forgiven) {
      execute(database, "DELETE FROM attempts WHERE name = ?1", attempt.name);
    } else {
      execute(database, "UPDATE attempts SET count = count - 1 WHERE name = ?1 AND count > 0", attempt.name);
    }
  }
}

}  // namespace postern::state
