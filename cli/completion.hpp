// `postern completion`: scripts that complete verbs and options, made from the command line's own description, so that
// they cannot go stale.
#pragma once

#include <string>
#include <vector>

namespace postern::cli {

struct OptionDescription {
  std::vector<std::string> names;  // `-c`, `--config`; empty for an argument without a name
  std::string help;
  std::vector<std::string> choices;  // the only values that it takes; empty: any
  bool takes_value = false;
  bool takes_file = false;
};

struct VerbDescription {
  std::string name;
  std::string help;
  std::vector<OptionDescription> options;
  std::vector<VerbDescription> verbs;
};

// The script for `bash`, `zsh` or `fish`; empty for another shell.
std::string completion_script(const VerbDescription& program, const std::string& shell);

}  // namespace postern::cli
