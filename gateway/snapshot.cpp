#include "gateway/snapshot.hpp"

#include <algorithm>
#include <map>

#include "conf/tree.hpp"

namespace postern {
namespace {

http::HeaderEdits compile_edits(const conf::HeaderOperations& operations) {
  return {operations.remove,
          {operations.set.begin(), operations.set.end()},
          {operations.add.begin(), operations.add.end()}};
}

CompiledRoute compile_route(const conf::Route& route, const conf::Config& config, FilterFactory& filters) {
  CompiledRoute compiled;
  compiled.config = &route;
  compiled.chain = filters.make_chain(route);
  compiled.request_edits = compile_edits(route.request_headers);
  compiled.response_edits = compile_edits(route.response_headers);
  compiled.body_limit = route.body_limit.value_or(config.limits.body_bytes).count;
  compiled.response_timeout = route.response_timeout.value_or(config.timeouts.response);
  compiled.total_timeout = route.total_timeout.value_or(config.timeouts.total);
  compiled.stream_idle_timeout = route.stream_idle_timeout.value_or(config.timeouts.stream_idle);
  compiled.observe = route.observe || config.observe;
  compiled.rewrites_path = !route.strip_prefix.empty() || !route.set_path.empty();
  for (const auto& filter : compiled.chain) {
    compiled.answers_preflight |= filter->answers_preflight();
    compiled.body_wanted = std::max(compiled.body_wanted, filter->body_wanted());
  }
  return compiled;
}

void compile_upstreams(Snapshot& snapshot, MetricRegistry& metrics, conf::Problems& problems) {
  for (const auto& [name, upstream] : snapshot.config.upstreams) {
    CompiledUpstream compiled{name, &upstream, nullptr, metrics.upstreams.intern(name), nullptr};
    if (upstream.max_requests) compiled.limit = std::make_shared<RequestLimit>(*upstream.max_requests);
    const std::string path = conf::member_path("upstreams", name);
    const bool is_known = !upstream.endpoints.empty() && !problems.is_settled(path + ".endpoints");
    if (is_known && upstream.endpoints.front().starts_with("https://")) {
      compiled.tls = ClientTls::make(upstream.tls, path + ".tls", problems);
    }
    snapshot.upstreams.push_back(std::move(compiled));
  }
}

void compile_listeners(Snapshot& snapshot, conf::Problems& problems) {
  const auto& listeners = snapshot.config.listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    snapshot.listener_tls.push_back(
        listeners[i].tls ? ServerTls::make(*listeners[i].tls, conf::item_path("listeners", i) + ".tls", problems)
                         : nullptr);
  }
}

void compile_routes(Snapshot& snapshot, MetricRegistry& metrics) {
  std::map<std::string, std::size_t, std::less<>> upstream_index;
  for (std::size_t i = 0; i < snapshot.upstreams.size(); ++i) upstream_index[snapshot.upstreams[i].name] = i;
  snapshot.route_configs = snapshot.config.routes;
  snapshot.private_cookies = snapshot.filters->private_cookies();
  // On every host, those that the file's routes name as well: none of these may take what is meant for the gateway
  // itself.
  std::vector<std::string> hosts{"*"};
  for (const conf::Route& route : snapshot.config.routes) {
    hosts.insert(hosts.end(), route.match.host.begin(), route.match.host.end());
  }
  for (conf::Route& route : snapshot.filters->own_routes()) {
    route.match.host = hosts;
    snapshot.route_configs.push_back(std::move(route));
  }
  for (const conf::Route& route : snapshot.route_configs) {
    CompiledRoute compiled = compile_route(route, snapshot.config, *snapshot.filters);
    compiled.metrics_id = metrics.routes.intern(route.name);
    if (!route.upstream.empty()) compiled.upstream = upstream_index.at(route.upstream);
    for (const auto& filter : compiled.chain) {
      for (const std::string& name : filter->injected_headers()) snapshot.injectable.add(name);
    }
    snapshot.routes.push_back(std::move(compiled));
  }
  snapshot.router = std::make_unique<const Router>(snapshot.route_configs);
}

}  // namespace

std::shared_ptr<const Snapshot> build_snapshot(conf::Config config, const MakeFilters& make_filters,
                                               MetricRegistry& metrics, conf::Problems& problems) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->config = std::move(config);
  metrics.routes.intern("");  // WorkerMetrics::no_route
  snapshot->filters = make_filters(snapshot->config, problems);
  compile_upstreams(*snapshot, metrics, problems);
  compile_listeners(*snapshot, problems);
  problems.sort();
  if (problems.any()) return nullptr;
  compile_routes(*snapshot, metrics);
  for (const std::string& block : snapshot->config.trusted_proxies) snapshot->trusted_proxies.add(block);
  return snapshot;
}

}  // namespace postern
