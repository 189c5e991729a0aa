// What has expired leaves an SQLite store; see sessions.hpp on failures.
#pragma once

#include <cstddef>

#include "state/believed_time.hpp"
#include "state/sqlite/statement.hpp"

namespace postern::state {

// As Store::sweep(). Sealed successors go first.
std::size_t sweep(Database& database, Believed time, std::size_t most);

}  // namespace postern::state
