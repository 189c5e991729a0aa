#include "state/sqlite/sessions.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "state/refresh_rules.hpp"
#include "state/sqlite/revocations.hpp"

namespace postern::state {
namespace {

Blob blob(const TokenHash& hash) {
  return {bytes_of(hash)};
}

std::optional<Family> read_family(Database& database, const std::string& sid) {
  Query row(database, "SELECT issuer, subject, client, claims, scope, began, ends, ended FROM families WHERE sid = ?1",
            sid);
  if (!row.next()) return std::nullopt;
  return Family{.sid = sid,
                .issuer = row.text(0),
                .subject = row.text(1),
                .client = row.text(2),
                .claims = row.text(3),
                .scope = row.text(4),
                .began = row.integer(5),
                .ends = row.integer(6),
                .ended = row.integer(7) != 0};
}

std::optional<RefreshToken> read_token(Database& database, const std::string& sid, const TokenHash& hash) {
  Query row(database,
            "SELECT issued, expires, used, sealed, opens_until FROM refresh_tokens WHERE hash = ?1 AND sid = ?2",
            blob(hash), sid);
  if (!row.next()) return std::nullopt;
  RefreshToken token{hash, row.integer(0), row.integer(1), row.optional_integer(2), {}};
  if (const auto opens_until = row.optional_integer(4)) token.successor = SealedSuccessor{row.text(3), *opens_until};
  return token;
}

// Of the family's current token. Within the grace that is the successor, or one that came after it.
Millis current_expiry(Database& database, const std::string& sid) {
  Query row(database, "SELECT expires FROM refresh_tokens WHERE sid = ?1 AND used IS NULL", sid);
  return row.next() ? row.integer(0) : 0;
}

void insert_token(Database& database, const std::string& sid, const TokenHash& hash, Millis issued, Millis expires) {
  execute(database, "INSERT INTO refresh_tokens(hash, sid, issued, expires) VALUES(?1, ?2, ?3, ?4)", blob(hash), sid,
          issued, expires);
}

// RotationFacts::first_use. The first is that by `issued`, in which no two tokens of a family are equal: several may be
// used at once. The count and the index spare a look at all the others.
std::optional<Millis> read_first_use(Database& database, const Rotation& rotation) {
  Query row(database,
            "SELECT (SELECT used FROM refresh_tokens WHERE sid = ?1 AND used IS NOT NULL ORDER BY issued LIMIT 1) "
            "FROM families WHERE sid = ?1 AND used_tokens >= ?2",
            rotation.sid, static_cast<std::int64_t>(rotation.most_used));
  return row.next() ? row.optional_integer(0) : std::nullopt;
}

void forget_first_used(Database& database, const std::string& sid) {
  execute(database,
          "DELETE FROM refresh_tokens WHERE hash = "
          "(SELECT hash FROM refresh_tokens WHERE sid = ?1 AND used IS NOT NULL ORDER BY issued LIMIT 1)",
          sid);
}

void insert_successor(Database& database, const Rotation& rotation, const RefreshToken& presented, Millis expires) {
  execute(database, "UPDATE refresh_tokens SET used = ?2, sealed = ?3, opens_until = ?4 WHERE hash = ?1",
          blob(rotation.presented), rotation.now, Blob{rotation.sealed.bytes}, rotation.sealed.opens_until);
  insert_token(database, rotation.sid, rotation.successor, std::max(rotation.now, presented.issued + 1), expires);
}

void end_by_reuse(Database& database, const Rotation& rotation, Family& family) {
  revoke(database, {.kind = Revocation::Kind::sid,
                    .issuer = family.issuer,
                    .value = family.sid,
                    .before = {},
                    .until = rotation.revoke_until});
  family.ended = true;
}

}  // namespace

Begun begin_session(Database& database, const Family& family, const RefreshToken& first) {
  execute(database,
          "INSERT INTO families(sid, issuer, subject, client, claims, scope, began, ends, ended) "
          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0) ON CONFLICT DO NOTHING",
          family.sid, family.issuer, family.subject, family.client, family.claims, family.scope, family.began,
          family.ends);
  // Otherwise the call is a repeated one, and the first token may be used by now.
  if (database.changed_rows() == 1) insert_token(database, family.sid, first.hash, first.issued, first.expires);
  return {subject_revoked_before(database, family.issuer, family.subject)};
}

Rotated rotate(Database& database, const Rotation& rotation) {
  Rotated rotated;
  rotated.family = read_family(database, rotation.sid);
  const auto token = read_token(database, rotation.sid, rotation.presented);
  std::optional<RefreshToken> proposed;
  if (token && token->used) proposed = read_token(database, rotation.sid, rotation.successor);
  std::optional<Millis> first_use;
  if (token && !token->used) first_use = read_first_use(database, rotation);
  const RotationFacts facts{.family = rotated.family ? &*rotated.family : nullptr,
                            .token = token ? &*token : nullptr,
                            .client_matches = rotated.family && rotated.family->client == rotation.client,
                            .proposed = proposed ? &*proposed : nullptr,
                            .first_use = first_use};
  const auto judge = rotation.kind == Rotation::Kind::reissue ? judge_reissue : judge_rotation;
  rotated.presented = judge(facts, rotation.presented_at, rotation.now, rotation.grace);
  if (rotated.presented == Presented::current && proposed) {
    rotated.expires = proposed->expires;
  } else if (rotated.presented == Presented::current) {
    rotated.expires = successor_expiry(*rotated.family, rotation.now, rotation.lifetime);
    if (rotation.kind == Rotation::Kind::look) return rotated;
    if (first_use) forget_first_used(database, rotation.sid);
    insert_successor(database, rotation, *token, rotated.expires);
  } else if (rotated.presented == Presented::too_often) {
    rotated.wait = first_forgotten(*first_use) - rotation.now;
  } else if (rotated.presented == Presented::within_grace) {
    rotated.existing = token->successor;
    rotated.expires = current_expiry(database, rotation.sid);
  } else if (rotated.presented == Presented::reused) {
    end_by_reuse(database, rotation, *rotated.family);
  }
  return rotated;
}

FoundSession find_session(Database& database, const std::string& sid, const TokenHash& presented,
                          const std::string& client, Millis now, Millis grace) {
  FoundSession found;
  found.family = read_family(database, sid);
  const auto token = read_token(database, sid, presented);
  found.presented = judge_rotation({.family = found.family ? &*found.family : nullptr,
                                    .token = token ? &*token : nullptr,
                                    .client_matches = found.family && found.family->client == client},
                                   now, now, grace);
  if (token) found.expires = token->expires;
  return found;
}

void end_families(Database& database, const Revocation& revocation) {
  if (revocation.kind == Revocation::Kind::sid) {
    execute(database,
            "UPDATE families SET ended = 1 WHERE ended = 0 AND sid = ?1 AND issuer = ?2 AND (?3 IS NULL OR began < ?3)",
            revocation.value, revocation.issuer, revocation.before);
  } else if (revocation.kind == Revocation::Kind::sub) {
    execute(
        database,
        "UPDATE families SET ended = 1 WHERE ended = 0 AND subject = ?1 AND issuer = ?2 AND (?3 IS NULL OR began < ?3)",
        revocation.value, revocation.issuer, revocation.before);
  } else if (revocation.kind == Revocation::Kind::issuer) {
    execute(database, "UPDATE families SET ended = 1 WHERE ended = 0 AND issuer = ?1 AND (?2 IS NULL OR began < ?2)",
            revocation.issuer, revocation.before);
  }
}

}  // namespace postern::state
