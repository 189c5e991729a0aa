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
  std::string path;      // of the store in the configuration
  std::string identity;  // the same for the same settings; a hash, as it stands for passwords, too
};

// `path` is the store's. Nothing, and problems, when a file cannot be used.
std::optional<StoreSettings> read_store_settings(const conf::StateStore& store, const std::string& path,
                                                 conf::Problems& problems);

// Under which signing keys are kept; empty: as they are. Nothing, and a problem, when its file cannot be used.
std::optional<Secret> read_encryption_secret(const conf::SigningKeys& keys, conf::Problems& problems);

// Null and a problem for an SQLite file that cannot be used; a Redis may be down.
std::unique_ptr<state::Store> open_store(const StoreSettings& settings, conf::Problems& problems);

}  // namespace postern::token_service
