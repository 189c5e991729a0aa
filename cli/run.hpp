// `postern run`: the gateway with the filters of this program.
#pragma once

#include "cli/config.hpp"
#include "conf/load.hpp"

namespace postern::cli {

// Runs until a signal ends it; the configuration is read from `source` at the start and at each reload. Returns an exit
// code: 0 after a clean drain, 78 for a bad configuration, 69 when an address cannot be bound.
int run_gateway(const ConfigSource& source, const conf::Environment& environment);

// What a start would find beyond the text of a configuration: keys and certificates that cannot be read or used.
void check_files(const conf::Config& config, conf::Problems& problems);

}  // namespace postern::cli
