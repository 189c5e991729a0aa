// postern: validates the Bearer JWT of every request and forwards the verified claims as headers.
#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "cli/admin_client.hpp"
#include "cli/command_line.hpp"
#include "cli/completion.hpp"
#include "cli/config.hpp"
#include "cli/config_source.hpp"
#include "cli/demo.hpp"
#include "cli/explain.hpp"
#include "cli/log.hpp"
#include "cli/providers_check.hpp"
#include "cli/run.hpp"
#include "cli/users.hpp"
#include "cli/validate.hpp"
#include "cli/verify.hpp"
#include "gateway/server.hpp"

namespace {

using namespace postern;

// What each verb does.
struct Perform {
  const conf::Environment& environment;

  int operator()(const cli::Run& run) const { return cli::run_gateway(run.source, environment); }
  int operator()(const cli::Demo& demo) const { return cli::run_demo(demo.options, std::cout); }

  int operator()(const cli::Validate& validate) const {
    return cli::run_validate(validate.source, environment, cli::check_files, std::cout, std::cerr);
  }
  int operator()(const cli::Explain& explain) const {
    return cli::run_explain(explain.options, std::cin, std::cout, std::cerr);
  }
  int operator()(const cli::Verify& verify) const {
    return cli::run_verify(verify.options, std::cin, std::cout, std::cerr);
  }

  int operator()(const cli::ConfigSchema&) const { return cli::run_config_schema(std::cout); }
  int operator()(const cli::ConfigReference&) const { return cli::run_config_reference(std::cout); }
  int operator()(const cli::ConfigPrint& print) const {
    return cli::run_config_print(print.source, environment, std::cout, std::cerr);
  }

  int operator()(const cli::ProvidersCheck& check) const {
    return cli::run_providers_check(check.source, environment, std::cout, std::cerr);
  }
  int operator()(const cli::Healthcheck& healthcheck) const {
    return cli::run_healthcheck(healthcheck.options, environment, std::cout, std::cerr);
  }
  int operator()(const cli::Reload& reload) const {
    return cli::run_reload(reload.options, environment, std::cout, std::cerr);
  }

  int operator()(const cli::TokensRevoke& revoke) const {
    return cli::run_tokens_revoke(revoke.options, environment, std::cout, std::cerr);
  }

  int operator()(const cli::KeysList& list) const {
    return cli::run_keys_list(list.options, environment, std::cout, std::cerr);
  }
  int operator()(const cli::KeysRotate& rotate) const {
    return cli::run_keys_rotate(rotate.options, environment, std::cout, std::cerr);
  }

  int operator()(const cli::UsersAdd& add) const {
    return cli::run_users_add(add.options, unix_now(), std::cin, std::cerr);
  }
  int operator()(const cli::UsersPasswd& passwd) const {
    return cli::run_users_passwd(passwd.options, unix_now(), std::cin, std::cerr);
  }
  int operator()(const cli::UsersRemove& remove) const { return cli::run_users_remove(remove.options, std::cerr); }
  int operator()(const cli::UsersList& list) const { return cli::run_users_list(list.options, std::cout, std::cerr); }

  int operator()(const cli::CompletionScript& completion) const {
    std::cout << cli::completion_script(cli::describe_command_line(), completion.shell);
    return exit_ok;
  }
  int operator()(const cli::Version&) const {
    std::cout << "postern " << cli::program_version() << '\n';
    return exit_ok;
  }
};

int end(const cli::Ending& ending, const std::vector<std::string>& warnings) {
  std::cout << ending.out;
  std::cerr << ending.err;
  for (const std::string& warning : warnings) std::cerr << "warning: " << warning << '\n';
  return ending.exit_code;
}

}  // namespace

int main(int count, char** words) {
  std::ios::sync_with_stdio(false);
  std::signal(SIGPIPE, SIG_IGN);  // a closed peer is an error code, not the end
  const conf::Environment environment = cli::process_environment();
  const auto invocation = cli::parse_command_line({words + 1, words + count}, environment);
  const std::vector<std::string> warnings = cli::misspelled_variables(cli::process_variables());
  if (!invocation) return end(invocation.error(), warnings);
  cli::start_log(invocation->log);
  for (const std::string& warning : warnings) spdlog::warn("{}", warning);
  try {
    return std::visit(Perform{environment}, invocation->verb);
  } catch (const std::exception& error) {
    std::cerr << "postern: " << error.what() << '\n';
    return exit_refused;
  }
}
