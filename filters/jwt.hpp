// The filter `jwt`: finds a request's token, judges it, and leaves the verified claims to the filters after it.
#pragma once

#include <memory>

#include "conf/config.hpp"
#include "filters/build.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

// Sets RequestContext::identity, and what the decision tells of the token, of a refused one too; takes the token out of
// the request unless the route keeps it or observes. `now` is the request's. Null for a route without `jwt`.
std::unique_ptr<const Filter> make_jwt(const conf::Route& route, const Build& build);

}  // namespace postern::filters
