// Revocations in SQLite; see sessions.hpp on failures.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "state/sqlite/statement.hpp"
#include "state/store.hpp"

namespace postern::state {

// As Store::revoke().
std::uint64_t revoke(Database& database, const Revocation& revocation);

// As Store::end_sessions().
std::vector<Revocation> end_sessions(Database& database, const std::string& issuer, const std::string& subject,
                                     Millis until);

// The latest of the instants before which the subject's tokens are revoked; of a revocation without one, its end.
std::optional<Millis> subject_revoked_before(Database& database, const std::string& issuer, const std::string& subject);

// Those with a number above `known`, in order.
std::vector<SequencedRevocation> revocations_after(Database& database, std::uint64_t known);

// The last number ever given.
std::uint64_t last_revocation(Database& database);

}  // namespace postern::state
