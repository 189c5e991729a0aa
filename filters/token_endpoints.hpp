// The token service's own routes, and the filters that answer them.
#pragma once

#include <memory>
#include <vector>

#include "filters/build.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

// One for each of conf::token_endpoints(): public, named `token_service.login` and so on.
std::vector<conf::Route> token_routes(const conf::TokenService& service);

// Null but for those routes. Answers each request itself.
std::unique_ptr<const Filter> make_token_endpoint(const conf::Route& route, const Build& build);

}  // namespace postern::filters
