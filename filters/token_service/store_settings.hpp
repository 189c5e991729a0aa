// The store that a configuration names, with the secrets that its files hold.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/secret.hpp"
#include "conf/config.hpp"
#include "conf/problems.hpp"
#include "state/redis/redis_options.hpp"
#include "state/sqlite/sqlite_store.hpp"

namespace postern::token_service {

struct StoreSettings {
  std::variant<state::SqliteOptions, state::RedisOptions> options;
  Secret encryption_secret;  // of signing keys; empty: they are kept as they are
  std::string identity;      // the same for the same settings; a hash, as it stands for passwords, too
};

// Nothing, and problems, when a file cannot be used.
std::optional<StoreSettings> read_store_settings(const conf::TokenService& settings, conf::Problems& problems);

// Null and a problem for an SQLite file that cannot be used; a Redis may be down.
std::unique_ptr<state::Store> open_store(const StoreSettings& settings, conf::Problems& problems);

}  // namespace postern::token_service
