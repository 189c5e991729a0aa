// What the token service publishes: its keys (RFC 7517) and its metadata (RFC 8414), for anybody to keep a while.
#pragma once

#include <memory>

#include "filters/build.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

std::unique_ptr<const Filter> make_jwks_endpoint(const Build& build);
std::unique_ptr<const Filter> make_metadata_endpoint(const Build& build);

}  // namespace postern::filters
