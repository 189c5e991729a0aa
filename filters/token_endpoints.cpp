#include "filters/token_endpoints.hpp"

#include <array>
#include <string>
#include <utility>

#include "filters/oauth_endpoints.hpp"
#include "filters/session_endpoints.hpp"
#include "filters/token_documents.hpp"

namespace postern::filters {
namespace {

struct Endpoint {
  std::string_view name;
  std::string_view path;  // below the service's; empty: where the issuer's metadata is looked for
  std::string_view method;
  bool for_sessions;  // which begin with a user's login
  std::unique_ptr<const Filter> (*make)(const Build& build);
};

constexpr std::array endpoints = {
    Endpoint{"token_service.login", "/login", "POST", true, make_login_endpoint},
    Endpoint{"token_service.refresh", "/refresh", "POST", true, make_refresh_endpoint},
    Endpoint{"token_service.logout", "/logout", "POST", true, make_logout_endpoint},
    Endpoint{"token_service.token", "/token", "POST", false, make_oauth_token_endpoint},
    Endpoint{"token_service.revoke", "/revoke", "POST", false, make_oauth_revoke_endpoint},
    Endpoint{"token_service.introspect", "/introspect", "POST", false, make_oauth_introspect_endpoint},
    Endpoint{"token_service.jwks", "/jwks.json", "GET", false, make_jwks_endpoint},
    Endpoint{"token_service.metadata", "", "GET", false, make_metadata_endpoint},
};

std::string path_of(const Endpoint& endpoint, const conf::TokenService& service) {
  return endpoint.path.empty() ? conf::metadata_path(service) : service.path + std::string(endpoint.path);
}

}  // namespace

std::vector<conf::Route> token_routes(const conf::TokenService& service) {
  std::vector<conf::Route> routes;
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.for_sessions && !service.has_users()) continue;
    conf::Route route;
    route.name = endpoint.name;
    route.match.path = path_of(endpoint, service);
    route.match.methods = {std::string(endpoint.method)};
    route.public_ = true;
    routes.push_back(std::move(route));
  }
  return routes;
}

// A route of the file never has an endpoint's path: conf::check() refuses it.
std::unique_ptr<const Filter> make_token_endpoint(const conf::Route& route, const Build& build) {
  if (build.service == nullptr) return nullptr;
  const conf::TokenService& service = build.service->settings();
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.for_sessions && !service.has_users()) continue;
    if (route.match.path == path_of(endpoint, service)) return endpoint.make(build);
  }
  return nullptr;
}

}  // namespace postern::filters
