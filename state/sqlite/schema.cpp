#include "state/sqlite/schema.hpp"

#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

namespace postern::state {
namespace {

// Both stand in the file's header. "post", so that `file` and this program tell it from other databases.
constexpr std::int64_t our_application = 0x706F7374;
constexpr std::int64_t our_version = 1;

// Of one connection each; the journal's mode is the file's. Deleted rows held sealed tokens and keys: they are
// overwritten.
constexpr const char* settings =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;";

// AUTOINCREMENT: a number that was given never comes back, and sqlite_sequence has the last one.
// Times are Unix milliseconds. `revocations.kind` is Revocation::Kind.
constexpr const char* tables = R"(
CREATE TABLE families(
  sid TEXT PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, client TEXT NOT NULL, claims TEXT NOT NULL,
  scope TEXT NOT NULL, began INTEGER NOT NULL, ends INTEGER NOT NULL, ended INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX families_by_subject ON families(subject);
CREATE INDEX families_by_end ON families(ends);

CREATE TABLE refresh_tokens(
  hash BLOB PRIMARY KEY, sid TEXT NOT NULL, issued INTEGER NOT NULL, expires INTEGER NOT NULL, used INTEGER,
  sealed BLOB, opens_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX current_by_family ON refresh_tokens(sid) WHERE used IS NULL;
CREATE INDEX tokens_by_family ON refresh_tokens(sid);
CREATE INDEX used_by_expiry ON refresh_tokens(expires) WHERE used IS NOT NULL;
CREATE INDEX sealed_by_end ON refresh_tokens(opens_until) WHERE sealed IS NOT NULL;

CREATE TABLE revocations(
  number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, issuer TEXT NOT NULL, value TEXT NOT NULL,
  before INTEGER, until INTEGER NOT NULL
) STRICT;
CREATE INDEX revocations_by_name ON revocations(kind, issuer, value);
CREATE INDEX revocations_by_end ON revocations(until);

CREATE TABLE signing_keys(
  number INTEGER PRIMARY KEY AUTOINCREMENT, kid TEXT NOT NULL UNIQUE, alg TEXT NOT NULL, private_key TEXT NOT NULL,
  created INTEGER NOT NULL, signs_from INTEGER NOT NULL, signs_until INTEGER NOT NULL, retired INTEGER NOT NULL
) STRICT;

CREATE TABLE attempts(name TEXT PRIMARY KEY, count INTEGER NOT NULL, ends INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_end ON attempts(ends);

PRAGMA application_id = 0x706F7374;
PRAGMA user_version = 1;
)";

// Added to files that were made without it, too: whatever uses or deletes a token counts it, and an older postern that
// opens the file goes on as before.
constexpr const char* counting = R"(
ALTER TABLE families ADD COLUMN used_tokens INTEGER NOT NULL DEFAULT 0;
UPDATE families AS f SET used_tokens =
  (SELECT count(*) FROM refresh_tokens AS t WHERE t.sid = f.sid AND t.used IS NOT NULL);
CREATE TRIGGER token_used AFTER UPDATE OF used ON refresh_tokens WHEN OLD.used IS NULL AND NEW.used IS NOT NULL BEGIN
  UPDATE families SET used_tokens = used_tokens + 1 WHERE sid = NEW.sid;
END;
CREATE TRIGGER used_token_gone AFTER DELETE ON refresh_tokens WHEN OLD.used IS NOT NULL BEGIN
  UPDATE families SET used_tokens = used_tokens - 1 WHERE sid = OLD.sid;
END;
DROP INDEX tokens_by_family;
CREATE INDEX tokens_by_family ON refresh_tokens(sid, issued);
)";

std::int64_t number_of(Database& database, std::string_view sql) {
  Query query(database, sql);
  return query.next() ? query.integer(0) : 0;
}

std::string text_of(Database& database, std::string_view sql) {
  Query query(database, sql);
  return query.next() ? query.text(0) : "";
}

bool is_empty(Database& database) {
  return number_of(database, "SELECT count(*) FROM sqlite_schema") == 0;
}

bool counts_tokens(Database& database) {
  return number_of(database, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name = 'token_used'") == 1;
}

std::optional<std::string> other_schema(Database& database) {
  if (is_empty(database)) return std::nullopt;
  if (number_of(database, "PRAGMA application_id") != our_application) return "is another program's database";
  const std::int64_t version = number_of(database, "PRAGMA user_version");
  if (version == our_version) return std::nullopt;
  return "has schema " + std::to_string(version) + ", this postern knows " + std::to_string(our_version);
}

// SQLite waits for others, but not where they change the journal's mode at the same moment: then it is busy at once.
std::optional<StoreError> apply_settings(Database& database) {
  constexpr int attempts = 200;
  constexpr std::chrono::milliseconds pause{10};
  std::optional<StoreError> error;
  for (int i = 0; i < attempts; ++i) {
    database.run(settings);
    error = database.take_error();
    if (!error || error->kind != StoreError::Kind::busy) break;
    std::this_thread::sleep_for(pause);
  }
  return error;
}

void make_tables(Database& database) {
  database.run("BEGIN IMMEDIATE");
  // Another process may have found the same file.
  if (is_empty(database)) database.run(tables);
  if (!counts_tokens(database)) database.run(counting);
  database.run("COMMIT");
}

}  // namespace

std::optional<std::string> prepare_schema(Database& database) {
  // Before anything is changed, be it the journal's mode.
  auto fault = other_schema(database);
  if (!fault) {
    if (const auto error = apply_settings(database)) return "cannot be used: " + error->detail;
    if (text_of(database, "PRAGMA journal_mode") != "wal") fault = "is where SQLite has no write-ahead log";
  }
  if (!fault && !counts_tokens(database)) make_tables(database);
  if (const auto error = database.take_error()) {
    if (database.in_transaction()) database.run("ROLLBACK");
    return "cannot be used: " + error->detail;
  }
  return fault;
}

}  // namespace postern::state
