// The endpoints of users' sessions: login, refresh, logout, by JSON, forms and cookies.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "filters/build.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

std::unique_ptr<const Filter> make_login_endpoint(const Build& build);
std::unique_ptr<const Filter> make_refresh_endpoint(const Build& build);
std::unique_ptr<const Filter> make_logout_endpoint(const Build& build);

// Names of the cookies that carry tokens, with their prefix; empty where none do.
std::vector<std::string> token_cookies(const conf::TokenService& service);

}  // namespace postern::filters
