#include "cli/run.hpp"

#include "cli/command_line.hpp"
#include "filters/registry.hpp"
#include "gateway/metrics.hpp"
#include "gateway/server.hpp"
#include "gateway/snapshot.hpp"

namespace postern::cli {

int run_gateway(const ConfigSource& source, const conf::Environment& environment) {
  ServerOptions server;
  server.load = [&] { return load_config(source, environment); };
  server.make_filters = filters::make_filters;
  server.version = program_version();
  return run_server(server);
}

void check_files(const conf::Config& config, conf::Problems& problems) {
  MetricRegistry unused;
  build_snapshot(config, filters::make_filters, unused, problems);
}

}  // namespace postern::cli
