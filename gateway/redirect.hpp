// Redirect routes.
#pragma once

#include <string>

#include "conf/config.hpp"
#include "gateway/http/head.hpp"

namespace postern {

// The Location value: in `to`, `{path}` stands for the request's canonical path and `{query}` for its query with the
// `?`, nothing without one.
std::string redirect_target(const conf::Redirect& redirect, const http::RequestHead& request);

}  // namespace postern
