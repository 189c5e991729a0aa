// The sidecar without a file: a configuration made of flags, judged like a file.
#include <algorithm>

#include "conf/load.hpp"
#include "conf/suggest.hpp"

namespace postern::conf {
namespace {

struct Target {
  const std::optional<SidecarFlag>& flag;
  std::string_view fallback;  // where a value that was not given belongs
  std::vector<std::string> paths;
};

AnyOr any_or(const std::optional<SidecarFlag>& flag) {
  if (!flag || flag->value.empty()) return {};
  if (flag->value == "any") return {true, {}};
  return {false, {flag->value}};
}

std::string value_of(const std::optional<SidecarFlag>& flag) {
  return flag ? flag->value : std::string();
}

void set_places(const SidecarFlags& flags, Places& places) {
  const Target targets[] = {
      {flags.listen, "--listen or POSTERN_LISTEN", {"listeners", "listeners[0].address"}},
      {flags.upstream, "--upstream or POSTERN_UPSTREAM", {"upstreams.service", "routes[0].upstream"}},
      {flags.issuer, "--issuer or POSTERN_ISSUER", {"providers.default.issuer"}},
      {flags.audience, "--audience or POSTERN_AUDIENCE", {"providers.default.audiences"}},
      {flags.jwks_file, "--jwks-file or POSTERN_JWKS_FILE", {"providers.default.jwks_file"}},
      {flags.jwks_uri, "--jwks-uri or POSTERN_JWKS_URI", {"providers.default.jwks_uri"}},
      {flags.admin, "--admin or POSTERN_ADMIN", {"admin.address"}},
  };
  places.set("", "flags");
  for (const Target& target : targets) {
    for (const std::string& path : target.paths) {
      places.set(path, target.flag ? target.flag->origin : std::string(target.fallback));
    }
  }
}

// `sub=X-User-Id`; a claim's name may hold `=`, a header's cannot.
void add_claim(const SidecarFlag& flag, Route& route, Problems& problems) {
  std::string path = "routes[0].claim_headers[" + std::to_string(route.claim_headers.size()) + "]";
  problems.places().set(path, flag.origin);
  std::size_t equals = flag.value.rfind('=');
  if (equals == flag.value.npos || equals == 0 || equals + 1 == flag.value.size()) {
    problems.add(path, "expected `CLAIM=HEADER`, such as `sub=X-User-Id`");
    problems.settle(path + ".claim");
    problems.settle(path + ".header");
    route.claim_headers.emplace_back();
    return;
  }
  route.claim_headers.push_back({{flag.value.substr(0, equals)}, flag.value.substr(equals + 1), std::nullopt});
}

}  // namespace

Loaded load_sidecar(const SidecarFlags& flags) {
  Loaded loaded;
  Config& config = loaded.config;
  set_places(flags, loaded.problems.places());
  config.listeners.emplace_back().address = value_of(flags.listen);
  if (flags.admin && !flags.admin->value.empty()) config.admin.address = flags.admin->value;

  Provider& provider = config.providers["default"];
  provider.issuer = any_or(flags.issuer);
  provider.audiences = any_or(flags.audience);
  if (flags.jwks_file && !flags.jwks_file->value.empty())
    provider.jwks_file.push_back({flags.jwks_file->value, flags.jwks_file->value});
  provider.jwks_uri = value_of(flags.jwks_uri);

  Upstream& upstream = config.upstreams["service"];
  if (flags.upstream && !flags.upstream->value.empty()) upstream.endpoints.push_back(flags.upstream->value);

  Route& route = config.routes.emplace_back();
  route.name = "all";
  route.match.path_prefix = "/";
  route.upstream = "service";
  route.jwt.emplace().providers = {"default"};
  for (const SidecarFlag& claim : flags.claims) add_claim(claim, route, loaded.problems);

  check(config, loaded.problems);
  return loaded;
}

}  // namespace postern::conf
