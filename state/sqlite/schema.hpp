// The tables of an SQLite store, and the way from any file to them.
#pragma once

#include <optional>
#include <string>

#include "state/sqlite/statement.hpp"

namespace postern::state {

// Makes the tables in an empty file. What is wrong with the file otherwise, as the end of a sentence: no database,
// another program's, of a newer schema. Such a file is not changed. Each connection that writes calls it first: it also
// says that a commit is on disk before it returns (WAL, synchronous=FULL).
std::optional<std::string> prepare_schema(Database& database);

}  // namespace postern::state
