// What tests of the `jwt` filter share.
#pragma once

#include <memory>

#include "filters/jwt.hpp"
#include "tests/unit/filters/issuer.hpp"

namespace postern::filters {

// A `jwt` filter over the providers "shop" (RS256) and "partner" (HS256), and a worker's state.
struct Gate {
  Gate() {
    route.jwt.emplace();
    route.jwt->providers = {"shop"};
    providers = {{"shop", make_provider()}, {"partner", make_provider("partner", "HS256")}};
  }
  std::unique_ptr<const Filter> make() const { return make_jwt(route, Build{config, providers}); }

  conf::Config config;
  conf::Route route;
  Providers providers;
  FilterWorkerState state;
};

}  // namespace postern::filters
