#include "cli/config.hpp"

#include <unistd.h>

#include <cstdlib>
#include <ostream>
#include <string_view>

#include "gateway/server.hpp"

namespace postern::cli {

conf::Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
}

std::vector<std::string> process_variables() {
  std::vector<std::string> names;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

conf::Loaded load_config(const ConfigSource& source, const conf::Environment& environment) {
  return source.file ? conf::load_file(*source.file, environment) : conf::load_sidecar(source.flags);
}

bool report(const conf::Problems& problems, std::ostream& err) {
  for (const conf::Problem& problem : problems.errors()) err << problem.to_text() << '\n';
  for (const conf::Problem& problem : problems.warnings()) err << "warning: " << problem.to_text() << '\n';
  return !problems.any();
}

int run_config_schema(std::ostream& out) {
  out << conf::json_schema();
  return exit_ok;
}

int run_config_reference(std::ostream& out) {
  out << conf::reference_markdown();
  return exit_ok;
}

int run_config_print(const ConfigSource& source, const conf::Environment& environment, std::ostream& out,
                     std::ostream& err) {
  conf::Loaded loaded = load_config(source, environment);
  if (!report(loaded.problems, err)) return exit_bad_config;
  out << conf::print_yaml(loaded.config);
  return exit_ok;
}

}  // namespace postern::cli
