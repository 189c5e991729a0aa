// What a configuration becomes once, for all requests until the next reload: router, chains, TLS contexts, header
// rules. Immutable and shared by the workers.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "conf/config.hpp"
#include "conf/problems.hpp"
#include "gateway/cidr.hpp"
#include "gateway/filter.hpp"
#include "gateway/http/header_rules.hpp"
#include "gateway/metrics.hpp"
#include "gateway/request_limit.hpp"
#include "gateway/router.hpp"
#include "gateway/tls.hpp"

namespace postern {

// A route with everything that can be decided before a request comes.
struct CompiledRoute {
  const conf::Route* config = nullptr;  // in the snapshot's route_configs
  Chain chain;
  std::size_t upstream = 0;  // index into Snapshot::upstreams; not used without one
  http::HeaderEdits request_edits;
  http::HeaderEdits response_edits;
  std::uint32_t metrics_id = 0;
  std::uint64_t body_limit = 0;  // bytes; 0: none
  std::chrono::milliseconds response_timeout{}, total_timeout{}, stream_idle_timeout{};
  bool observe = false;
  std::size_t body_wanted = 0;  // by the filter that wants most of it before it judges; 0: none does
  bool rewrites_path = false;
  bool answers_preflight = false;
};

struct CompiledUpstream {
  std::string name;
  const conf::Upstream* config = nullptr;
  std::shared_ptr<const ClientTls> tls;  // null for http
  std::uint32_t metrics_id = 0;
  std::shared_ptr<RequestLimit> limit;  // null: any number of requests
};

struct Snapshot {
  conf::Config config;
  std::unique_ptr<FilterFactory> filters;
  std::unique_ptr<const Router> router;
  std::vector<conf::Route> route_configs;  // those of the file, behind them those that filters answer themselves
  std::vector<CompiledRoute> routes;       // as in route_configs
  std::vector<CompiledUpstream> upstreams;
  std::vector<std::shared_ptr<const ServerTls>> listener_tls;  // as in config.listeners; null for plain
  http::HeaderNameSet injectable;
  std::vector<std::string> private_cookies;  // that no upstream may see or set
  CidrSet trusted_proxies;
};

// Numbers of route and upstream names in the metrics, stable over reloads.
struct MetricRegistry {
  MetricNames routes;
  MetricNames upstreams;
};

// Null when `problems` has errors afterwards: unusable keys, certificates. Where it has errors already, of the
// configuration's text, the files that no error is about are looked at all the same, so that everything that is wrong is
// told at once, in the order of the file.
std::shared_ptr<const Snapshot> build_snapshot(conf::Config config, const MakeFilters& make_filters,
                                               MetricRegistry& metrics, conf::Problems& problems);

}  // namespace postern
