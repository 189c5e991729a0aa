// The filter that answers the token service's own routes, and those routes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "filters/build.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

// POST `<path>/login`, `/refresh` and `/logout`, GET `<path>/jwks.json`: public routes named `token_service.login` and so on.
std::vector<conf::Route> token_routes(const conf::TokenService& service);

// Null but for those routes. Answers each request itself.
std::unique_ptr<const Filter> make_token_endpoint(const conf::Route& route, const Build& build);

// Names of the cookies that carry tokens, with their prefix; empty where none do.
std::vector<std::string> token_cookies(const conf::TokenService& service);

}  // namespace postern::filters
