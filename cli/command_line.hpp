// The command line as values: every verb with its options, read before anything is done.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "cli/admin_client.hpp"
#include "cli/completion.hpp"
#include "cli/config.hpp"
#include "cli/demo.hpp"
#include "cli/explain.hpp"
#include "cli/log.hpp"
#include "cli/users.hpp"
#include "cli/verify.hpp"
#include "conf/load.hpp"

namespace postern::cli {

struct Run {
  ConfigSource source;
};
struct Validate {
  ConfigSource source;
};
struct Explain {
  ExplainOptions options;
};
struct Verify {
  VerifyOptions options;
};
struct ConfigSchema {};
struct ConfigPrint {
  ConfigSource source;
};
struct ConfigReference {};
struct ProvidersCheck {
  ConfigSource source;
};
struct UsersAdd {
  UsersOptions options;
};
struct UsersPasswd {
  UsersOptions options;
};
struct UsersRemove {
  UsersOptions options;
};
struct UsersList {
  UsersOptions options;
};
struct Demo {
  DemoOptions options;
};
struct Healthcheck {
  AdminClientOptions options;
};
struct Reload {
  AdminClientOptions options;
};
struct TokensRevoke {
  RevokeOptions options;
};
struct KeysList {
  KeysOptions options;
};
struct KeysRotate {
  KeysOptions options;
};
struct CompletionScript {
  std::string shell;
};
struct Version {};

using Verb = std::variant<Run, Validate, Explain, Verify, ConfigSchema, ConfigPrint, ConfigReference, ProvidersCheck,
                          UsersAdd, UsersPasswd, UsersRemove, UsersList, Demo, Healthcheck, Reload, TokensRevoke,
                          KeysList, KeysRotate, CompletionScript, Version>;

struct Invocation {
  LogOptions log;
  Verb verb;
};

// The program ends here: help was asked for (exit code 0), or the command line cannot be understood (2).
struct Ending {
  int exit_code = 0;
  std::string out;
  std::string err;
};

// `arguments` without the program's name. A flag counts before its environment variable.
tl::expected<Invocation, Ending> parse_command_line(const std::vector<std::string>& arguments,
                                                    const conf::Environment& environment);

// The same command line for the completion scripts.
VerbDescription describe_command_line();

// `0.1.0`
std::string program_version();

}  // namespace postern::cli
