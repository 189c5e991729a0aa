// What filters are made from, beside their own part of a route.
#pragma once

#include "conf/config.hpp"
#include "filters/providers.hpp"

namespace postern::filters {

struct Build {
  const conf::Config& config;
  Providers providers;  // by name
};

}  // namespace postern::filters
