#include "conf/check.hpp"

#include <algorithm>

#include "conf/address.hpp"
#include "conf/constraints.hpp"
#include "conf/load.hpp"

namespace postern::conf {
namespace {

void check_listeners(const Config& config, Problems& problems) {
  std::vector<ListenAddress> seen;
  auto see = [&](const std::string& address, const std::string& path) {
    const auto parsed = parse_listen_address(address);
    if (!parsed) return;
    const bool taken =
        std::any_of(seen.begin(), seen.end(), [&](const auto& other) { return overlap(other, *parsed); });
    seen.push_back(*parsed);
    if (taken) problems.add(path, "is listened on already");
  };
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    see(config.listeners[i].address, item_path("listeners", i) + ".address");
  }
  see(config.admin.address, "admin.address");
}

// No error: another program may be the one that serves https.
void check_redirecting_listeners(const Config& config, Problems& problems) {
  const auto& listeners = config.listeners;
  const auto redirects = [](const Listener& listener) { return listener.redirect_to_https; };
  if (listeners.empty() || !std::all_of(listeners.begin(), listeners.end(), redirects)) return;
  problems.warn("listeners", "all of them redirect to https, so no route is ever taken");
}

// A request to it would come back to the gateway, again and again.
bool is_own_listener(const std::string& endpoint, const Config& config) {
  const auto parsed = parse_endpoint(endpoint);
  return parsed && std::any_of(config.listeners.begin(), config.listeners.end(), [&](const Listener& listener) {
           const auto address = parse_listen_address(listener.address);
           return address && reaches(*parsed, *address);
         });
}

void check_own_listeners(const Upstream& upstream, const Config& config, const std::string& path, Problems& problems) {
  for (std::size_t i = 0; i < upstream.endpoints.size(); ++i) {
    const std::string place = item_path(path + ".endpoints", i);
    if (problems.is_settled(place) || !is_own_listener(upstream.endpoints[i], config)) continue;
    problems.add(place, "is a listener of this gateway, which would forward to itself for ever");
  }
}

void check_upstream(const Upstream& upstream, const std::string& path, Problems& problems) {
  bool any_tls = false;
  for (std::size_t i = 0; i < upstream.endpoints.size(); ++i) {
    bool tls = upstream.endpoints[i].starts_with("https://");
    if (i > 0 && tls != any_tls)
      return problems.add(item_path(path + ".endpoints", i), "endpoints must be all http:// or all https://");
    any_tls = tls;
  }
  if (!any_tls && !upstream.endpoints.empty() && upstream.tls != UpstreamTls()) {
    problems.add(path + ".tls", "says nothing for http:// endpoints; write https://");
  }
}

}  // namespace

void check_addresses(const Config& config, Problems& problems) {
  check_listeners(config, problems);
  check_redirecting_listeners(config, problems);
  for (const auto& [name, upstream] : config.upstreams) {
    check_upstream(upstream, member_path("upstreams", name), problems);
    check_own_listeners(upstream, config, member_path("upstreams", name), problems);
  }
}

void check(const Config& config, Problems& problems) {
  check_constraints(config, problems);
  check_addresses(config, problems);
  check_providers(config, problems);
  check_token_service(config, problems);
  check_revocations(config, problems);
  check_routes(config, problems);
  check_unused_providers(config, problems);
  check_headers(config, problems);
  check_duplicates(config, problems);
  problems.sort();
}

}  // namespace postern::conf
