#include "cli/run.hpp"

#include "cli/command_line.hpp"
#include "filters/keys/engine.hpp"
#include "filters/registry.hpp"
#include "gateway/metrics.hpp"
#include "gateway/server.hpp"
#include "gateway/snapshot.hpp"

namespace postern::cli {

int run_gateway(const ConfigSource& source, const conf::Environment& environment) {
  ServerOptions server;
  server.load = [&] { return load_config(source, environment); };
  keys::Engine engine;  // outlives the server, whose requests wait for it
  server.make_filters = [&](const conf::Config& config, conf::Problems& problems) {
    return filters::make_filters(config, &engine, problems);
  };
  server.on_end = [&] { engine.stop(); };
  server.version = program_version();
  return run_server(server);
}

void check_files(const conf::Config& config, conf::Problems& problems) {
  MetricRegistry unused;
  const MakeFilters make_filters = [](const conf::Config& checked, conf::Problems& found) {
    return filters::make_filters(checked, nullptr, found);
  };
  build_snapshot(config, make_filters, unused, problems);
}

}  // namespace postern::cli
