// The filter `cors`: the server's side of the CORS protocol (Fetch standard, section 3.3).
#pragma once

#include <memory>

#include "conf/config.hpp"
#include "filters/build.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

// Answers preflights by itself with 204, with the allowing fields only for an allowed origin; marks every other
// response, refusals too, with what the origin may see, instead of whatever the upstream says about CORS. Null for a
// route without `cors`.
std::unique_ptr<const Filter> make_cors(const conf::Route& route, const Build& build);

}  // namespace postern::filters
