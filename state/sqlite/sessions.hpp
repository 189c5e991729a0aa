// Families and refresh tokens in SQLite. Each function is a part of one transaction and is told whether it failed by
// the database (Database::failed()): what it gives then means nothing.
#pragma once

#include <string>

#include "state/sqlite/statement.hpp"
#include "state/store.hpp"

namespace postern::state {

Begun begin_session(Database& database, const Family& family, const RefreshToken& first);
Rotated rotate(Database& database, const Rotation& rotation);
FoundSession find_session(Database& database, const std::string& sid, const TokenHash& presented,
                          const std::string& client, Millis now, Millis grace);

// Ends what a revocation by `sid`, `sub` or `issuer` names; does nothing for the other kinds.
void end_families(Database& database, const Revocation& revocation);

}  // namespace postern::state
