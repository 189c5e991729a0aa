// Counted attempts in SQLite; see sessions.hpp on failures.
#pragma once

#include <string>
#include <vector>

#include "state/sqlite/statement.hpp"
#include "state/store.hpp"

namespace postern::state {

Millis count_attempt(Database& database, const std::vector<Attempt>& attempts, Millis now);
void uncount_attempt(Database& database, const std::vector<Attempt>& attempts);

}  // namespace postern::state
