// The running gateway: workers, listeners, snapshot, signals, reload, drain.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "conf/load.hpp"
#include "gateway/filter.hpp"

namespace postern {

// Exit codes of the command line (sysexits.h where it has one).
enum ExitCode : int { exit_ok = 0, exit_refused = 1, exit_usage = 2, exit_cannot_bind = 69, exit_bad_config = 78 };

struct ServerOptions {
  std::function<conf::Loaded()> load;  // called at the start and at each reload
  MakeFilters make_filters;
  std::string version;
  // Called on the control thread once every listener accepts; the addresses with the ports that were bound, in the
  // order of the configuration, then the admin listener's.
  std::function<void(const std::vector<std::string>& addresses)> on_serving;
  // Called once nothing is served any more, before the workers go: for what could still call them.
  std::function<void()> on_end;
};

// Runs until a signal or POST /drain ends it; every problem is told on stderr. Returns an ExitCode.
int run_server(const ServerOptions& options);

}  // namespace postern
