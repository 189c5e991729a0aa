#include "state/sqlite/revocations.hpp"

#include <utility>

#include "state/sqlite/sessions.hpp"

namespace postern::state {

namespace {

// Whoever has a token of a session may end it again and again: nothing becomes more of it. That its family has ended
// says nothing: the revocation of its subject may have done that, and names none of the tokens issued since.
bool is_repetition(Database& database, const Revocation& revocation) {
  if (revocation.kind != Revocation::Kind::sid) return false;
  Query row(database,
            "SELECT 1 FROM revocations WHERE kind = ?1 AND issuer = ?2 AND value = ?3 AND before IS ?4 AND until >= ?5",
            static_cast<int>(revocation.kind), revocation.issuer, revocation.value, revocation.before,
            revocation.until);
  return row.next();
}

}  // namespace

std::uint64_t revoke(Database& database, const Revocation& revocation) {
  end_families(database, revocation);
  if (is_repetition(database, revocation)) return last_revocation(database);
  Query row(database,
            "INSERT INTO revocations(kind, issuer, value, before, until) VALUES(?1, ?2, ?3, ?4, ?5) RETURNING number",
            static_cast<int>(revocation.kind), revocation.issuer, revocation.value, revocation.before,
            revocation.until);
  return row.next() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
}

std::vector<Revocation> end_sessions(Database& database, const std::string& issuer, const std::string& subject,
                                     Millis until) {
  std::vector<Revocation> all, added;
  Query row(database,
            "SELECT sid, iif(ended, (SELECT max(r.until) FROM revocations AS r "
            "WHERE r.kind = ?3 AND r.issuer = f.issuer AND r.value = f.sid AND r.before IS NULL), NULL) "
            "FROM families AS f WHERE subject = ?1 AND issuer = ?2",
            subject, issuer, static_cast<int>(Revocation::Kind::sid));
  while (row.next()) {
    const auto kept = row.optional_integer(1);
    Revocation one{.kind = Revocation::Kind::sid,
                   .issuer = issuer,
                   .value = row.text(0),
                   .before = {},
                   .until = kept.value_or(until)};
    if (!kept) added.push_back(one);
    all.push_back(std::move(one));
  }
  for (const Revocation& one : added) revoke(database, one);
  return all;
}

std::optional<Millis> subject_revoked_before(Database& database, const std::string& issuer,
                                             const std::string& subject) {
  Query row(database,
            "SELECT max(coalesce(before, until)) FROM revocations "
            "WHERE kind = ?1 AND issuer = ?2 AND value = ?3 OR kind = ?4 AND issuer = ?2 AND value = ''",
            static_cast<int>(Revocation::Kind::sub), issuer, subject, static_cast<int>(Revocation::Kind::issuer));
  return row.next() ? row.optional_integer(0) : std::nullopt;
}

std::vector<SequencedRevocation> revocations_after(Database& database, std::uint64_t known) {
  std::vector<SequencedRevocation> found;
  Query row(database,
            "SELECT number, kind, issuer, value, before, until FROM revocations WHERE number > ?1 ORDER BY number",
            static_cast<std::int64_t>(known));
  while (row.next()) {
    const std::int64_t kind = row.integer(1);
    if (kind < 0 || kind > static_cast<int>(Revocation::Kind::issuer)) {
      database.fail_damaged("a revocation of an unknown kind: " + std::to_string(kind));
      break;
    }
    found.push_back({static_cast<std::uint64_t>(row.integer(0)),
                     {.kind = static_cast<Revocation::Kind>(kind),
                      .issuer = row.text(2),
                      .value = row.text(3),
                      .before = row.optional_integer(4),
                      .until = row.integer(5)}});
  }
  return found;
}

std::uint64_t last_revocation(Database& database) {
  Query row(database, "SELECT seq FROM sqlite_sequence WHERE name = 'revocations'");
  return row.next() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
}

}  // namespace postern::state
