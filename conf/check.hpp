// The parts of check(): what no single member can say. Each looks at values alone and tells everything that is wrong.
#pragma once

#include <string>
#include <vector>

#include "conf/config.hpp"
#include "conf/problems.hpp"

namespace postern::conf {

void check_providers(const Config& config, Problems& problems);

// Warns of providers that no route uses: the gateway gets their keys all the same.
void check_unused_providers(const Config& config, Problems& problems);

// Where a provider's keys come from: from files, or from URLs that can be fetched; never both.
void check_key_source(const Provider& provider, const std::string& path, Problems& problems);

// The path of one name in such a list: of the list itself where one text stands for it.
std::string name_path(const AnyOr& list, std::size_t index, const std::string& path, Problems& problems);

// `{tenant}` in issuers and what may stand for it.
void check_tenants(const Provider& provider, const std::string& path, Problems& problems);

// The names in a provider's or a route's rules for claims.
void check_claim_names(const std::vector<ClaimName>& required, const std::vector<ClaimRule>& rules,
                       const std::string& path, Problems& problems);

// Endpoints of one scheme, TLS only where it is spoken; a listener given twice, or as an endpoint; warns when no
// listener serves a route.
void check_addresses(const Config& config, Problems& problems);

// Names that must exist, paths against matches, answers that cannot be sent.
void check_routes(const Config& config, Problems& problems);

// Two routes that take the same requests, and two of one name.
void check_duplicates(const Config& config, Problems& problems);

// The token service's lifetimes against each other, its cookies, and what of the file would take its place.
void check_token_service(const Config& config, Problems& problems);

// What of a store's Redis contradicts itself; `path` is the store's.
void check_state_store(const StateStore& store, const std::string& path, Problems& problems);

// Revocations have one store, a token service's where there is one.
void check_revocations(const Config& config, Problems& problems);

// The token service's clients against each other and against the service.
void check_token_clients(const TokenService& service, Problems& problems);

// Headers that must not be set, and two ways to set one.
void check_headers(const Config& config, Problems& problems);

}  // namespace postern::conf
