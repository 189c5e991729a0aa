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

void check_output_file(const conf::FilePath& file, const std::string& path, conf::Problems& problems) {
  if (file.empty() || problems.is_settled(path)) return;
  if (auto complaint = conf::judge_output_file(file.resolved)) problems.add(path, std::move(*complaint));
}

void check_key_cache(const conf::Config& config, conf::Problems& problems) {
  if (config.key_cache_dir.empty() || problems.is_settled("key_cache_dir")) return;
  if (auto complaint = conf::judge_output_folder(config.key_cache_dir.resolved)) {
    problems.add("key_cache_dir", std::move(*complaint));
  }
}

// What a gateway would make when it starts.
void check_outputs(const conf::Config& config, conf::Problems& problems) {
  check_output_file(config.access_log_file, "access_log", problems);
  if (config.revocations) check_output_file(config.revocations->store.sqlite, "revocations.store.sqlite", problems);
  if (config.token_service) {
    check_output_file(config.token_service->store.sqlite, "token_service.store.sqlite", problems);
  }
  check_key_cache(config, problems);
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
  check_outputs(config, problems);
  MetricRegistry unused;
  const MakeFilters make_filters = [](const conf::Config& checked, conf::Problems& found) {
    return filters::make_filters(checked, {}, found);
  };
  build_snapshot(config, make_filters, unused, problems);
}

}  // namespace postern::cli
