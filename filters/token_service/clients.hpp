// The clients of the configuration with their secrets.
#pragma once

#include <vector>

#include "accounts/clients.hpp"
#include "conf/problems.hpp"
#include "conf/token_service.hpp"

namespace postern::token_service {

// A client's secret has at least so many bytes: of random ones nobody finds it by trying.
inline constexpr std::size_t least_secret_bytes = 32;

// What `settings` says of clients; of the secrets only hashes are kept. A client without audiences has the service's. A
// secret that cannot be read or is shorter than that is a problem at its place.
std::vector<accounts::Client> load_clients(const conf::TokenService& settings, conf::Problems& problems);

}  // namespace postern::token_service
