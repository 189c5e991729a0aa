// Whether a browser says that another site made it send a request. Pure.
#pragma once

#include "gateway/http/head.hpp"

namespace postern::filters {

// The rule of Go's net/http.CrossOriginProtection: Sec-Fetch-Site decides where present (`same-origin` and `none` are
// the user's own doing); else the Origin's host must equal Host; a request with neither comes from no browser and is
// allowed.
bool is_cross_site(const http::RequestHead& head) noexcept;

}  // namespace postern::filters
