// What the command line looks like, for CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/config_source.hpp"
#include "cli/demo.hpp"
#include "cli/explain.hpp"
#include "cli/tokens.hpp"
#include "cli/users.hpp"
#include "cli/verify.hpp"

namespace postern::cli {

// What was given, as CLI11 writes it down.
struct Given {
  std::optional<std::string> log_level, log_format;
  SourceFlags source;
  ExplainOptions explain;
  VerifyOptions verify;
  UsersOptions users;
  RevokeFlags revoke;
  DemoOptions demo;
  bool keys_json = false;
  std::string shell;
};

const std::vector<std::string>& log_levels();
const std::vector<std::string>& log_formats();

// `a|b|c`
std::string alternatives(const std::vector<std::string>& choices);

// The program with every verb and option; parsing writes into `given`, which must live as long.
std::unique_ptr<CLI::App> make_app(Given& given);

}  // namespace postern::cli
