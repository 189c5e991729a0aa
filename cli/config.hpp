// `postern config schema|print|reference`, and the loading that every verb with a configuration shares.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "conf/load.hpp"

namespace postern::cli {

// Where the configuration comes from: a file, or else the sidecar's flags.
struct ConfigSource {
  std::optional<std::string> file;
  conf::SidecarFlags flags;
};

// The variables of this process, and their names.
conf::Environment process_environment();
std::vector<std::string> process_variables();

conf::Loaded load_config(const ConfigSource& source, const conf::Environment& environment);

// Writes every problem on a line of its own, warnings marked as such. True when there is no error.
bool report(const conf::Problems& problems, std::ostream& err);

// The JSON Schema of the file. Returns 0.
int run_config_schema(std::ostream& out);

// The reference in Markdown. Returns 0.
int run_config_reference(std::ostream& out);

// The effective configuration as a file, defaults included, secrets as placeholders. Returns 0, or 78 with every
// problem.
int run_config_print(const ConfigSource& source, const conf::Environment& environment, std::ostream& out,
                     std::ostream& err);

}  // namespace postern::cli
