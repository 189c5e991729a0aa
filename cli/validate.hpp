// `postern validate`: everything that is wrong with a configuration, or what each of its routes asks for.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "cli/config.hpp"

namespace postern::cli {

// What takes more than the configuration's text: that key files can be read and used. The text may have errors, which
// are in the problems: what these leave in doubt is the check's to pass over.
using DeepCheck = std::function<void(const conf::Config&, conf::Problems&)>;

// Problems go to `err`, the route table to `out`. Returns 0, or 78. `deep_check` may be empty.
int run_validate(const ConfigSource& source, const conf::Environment& environment, const DeepCheck& deep_check,
                 std::ostream& out, std::ostream& err);

// A line for each route: name, match, target, policy; columns aligned.
std::string route_table(const conf::Config& config);

}  // namespace postern::cli
