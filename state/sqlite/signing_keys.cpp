#include "state/sqlite/signing_keys.hpp"

namespace postern::state {
namespace {

std::uint64_t keys_ever_added(Database& database) {
  Query row(database, "SELECT seq FROM sqlite_sequence WHERE name = 'signing_keys'");
  return row.next() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
}

}  // namespace

SigningKeySet load_signing_keys(Database& database) {
  SigningKeySet set{keys_ever_added(database), {}};
  Query row(database,
            "SELECT kid, alg, private_key, created, signs_from, signs_until, retired FROM signing_keys "
            "ORDER BY signs_from, number");
  while (row.next()) {
    set.keys.push_back({.kid = row.text(0),
                        .alg = row.text(1),
                        .private_key = Secret(row.text(2)),
                        .created = row.integer(3),
                        .signs_from = row.integer(4),
                        .signs_until = row.integer(5),
                        .retired = row.integer(6)});
  }
  return set;
}

SigningKeySet add_signing_key(Database& database, const SigningKeyRecord& key, std::uint64_t version) {
  if (keys_ever_added(database) == version) {
    execute(database,
            "INSERT INTO signing_keys(kid, alg, private_key, created, signs_from, signs_until, retired) "
            "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            key.kid, key.alg, key.private_key.reveal(), key.created, key.signs_from, key.signs_until, key.retired);
  }
  return load_signing_keys(database);
}

}  // namespace postern::state
