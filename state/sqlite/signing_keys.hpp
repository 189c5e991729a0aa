// Signing keys in SQLite; see sessions.hpp on failures.
#pragma once

#include <cstdint>

#include "state/sqlite/statement.hpp"
#include "state/store.hpp"

namespace postern::state {

SigningKeySet load_signing_keys(Database& database);
SigningKeySet add_signing_key(Database& database, const SigningKeyRecord& key, std::uint64_t version);

}  // namespace postern::state
