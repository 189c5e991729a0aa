// What filters are made from, beside their own part of a route.
#pragma once

#include <memory>

#include "conf/config.hpp"
#include "filters/providers.hpp"
#include "filters/token_service/service.hpp"

namespace postern::filters {

struct Build {
  const conf::Config& config;
  Providers providers;                                     // by name
  std::shared_ptr<const token_service::Service> service{};  // null without a token service
  token_service::FollowedStore followed{};                  // where revocations are: the service's, or one without it
};

}  // namespace postern::filters
