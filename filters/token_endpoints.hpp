// The token service's own routes, and the filters that answer them.
#pragma once

#include <memory>
#include <vector>

#include "filters/build.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

// Below the service's path POST `/login`, `/refresh`, `/logout`, `/token`, `/revoke`, `/introspect` and GET
// `/jwks.json`; GET of RFC 8414's metadata. Without users the first three are not there. Public routes named
// `token_service.login` and so on.
std::vector<conf::Route> token_routes(const conf::TokenService& service);

// Null but for those routes. Answers each request itself.
std::unique_ptr<const Filter> make_token_endpoint(const conf::Route& route, const Build& build);

}  // namespace postern::filters
