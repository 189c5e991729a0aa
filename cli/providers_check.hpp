// `postern providers check`: what a gateway would go through to get each provider's keys, step by step.
#pragma once

#include <iosfwd>

#include "cli/config_source.hpp"
#include "conf/load.hpp"

namespace postern::cli {

// Prints a line for each step of each provider - names, connections, TLS, responses, documents, keys, the difference of
// the clocks - and what failed. Returns 0 when every provider has a usable key, 1 otherwise, 78 for a bad
// configuration.
int run_providers_check(const ConfigSource& source, const conf::Environment& environment, std::ostream& out,
                        std::ostream& err);

}  // namespace postern::cli
