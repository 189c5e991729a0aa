#include "cli/run.hpp"

#include <utility>

#include "cli/command_line.hpp"
#include "filters/keys/engine.hpp"
#include "filters/registry.hpp"
#include "gateway/metrics.hpp"
#include "gateway/server.hpp"
#include "gateway/snapshot.hpp"

namespace postern::cli {

namespace {

void check_access_log(const conf::Config& config, conf::Problems& problems) {
  if (config.access_log_file.empty() || problems.is_settled("access_log")) return;
  if (auto complaint = conf::judge_output_file(config.access_log_file.resolved)) {
    problems.add("access_log", std::move(*complaint));
  }
}

}  // namespace

int run_gateway(const ConfigSource& source, const conf::Environment& environment) {
  ServerOptions server;
  server.load = [&] { return load_config(source, environment); };
  keys::Engine keys;  // these two outlive the server, whose requests wait for them
  token_service::Engine tokens;
  server.make_filters = [&](const conf::Config& config, conf::Problems& problems) {
    return filters::make_filters(config, {&keys, &tokens}, problems);
  };
  server.on_end = [&] {
    keys.stop();
    tokens.stop();
  };
  server.version = program_version();
  return run_server(server);
}

void check_files(const conf::Config& config, conf::Problems& problems) {
  check_access_log(config, problems);
  MetricRegistry unused;
  const MakeFilters make_filters = [](const conf::Config& checked, conf::Problems& found) {
    return filters::make_filters(checked, {}, found);
  };
  build_snapshot(config, make_filters, unused, problems);
}

}  // namespace postern::cli
