#include "filters/token_endpoints.hpp"

#include <string>
#include <utility>

#include "filters/oauth_endpoints.hpp"
#include "filters/session_endpoints.hpp"
#include "filters/token_documents.hpp"

namespace postern::filters {
namespace {

std::unique_ptr<const Filter> make_endpoint(conf::TokenEndpoint::Kind kind, const Build& build) {
  using Kind = conf::TokenEndpoint::Kind;
  switch (kind) {
    case Kind::login:
      return make_login_endpoint(build);
    case Kind::refresh:
      return make_refresh_endpoint(build);
    case Kind::logout:
      return make_logout_endpoint(build);
    case Kind::token:
      return make_oauth_token_endpoint(build);
    case Kind::revoke:
      return make_oauth_revoke_endpoint(build);
    case Kind::introspect:
      return make_oauth_introspect_endpoint(build);
    case Kind::jwks:
      return make_jwks_endpoint(build);
    case Kind::metadata:
      return make_metadata_endpoint(build);
  }
  return nullptr;
}

}  // namespace

std::vector<conf::Route> token_routes(const conf::TokenService& service) {
  std::vector<conf::Route> routes;
  for (conf::TokenEndpoint& endpoint : conf::token_endpoints(service)) {
    conf::Route route;
    route.name = std::string(conf::token_service_name) + '.' + std::string(endpoint.name);
    route.match.path = std::move(endpoint.path);
    route.match.methods = {std::string(endpoint.method)};
    route.public_ = true;
    routes.push_back(std::move(route));
  }
  return routes;
}

// A route of the file never has an endpoint's path: conf::check() refuses it.
std::unique_ptr<const Filter> make_token_endpoint(const conf::Route& route, const Build& build) {
  if (build.service == nullptr) return nullptr;
  for (const conf::TokenEndpoint& endpoint : conf::token_endpoints(build.service->settings())) {
    if (route.match.path == endpoint.path) return make_endpoint(endpoint.kind, build);
  }
  return nullptr;
}

}  // namespace postern::filters
