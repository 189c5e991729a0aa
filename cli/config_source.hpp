// Which configuration is meant: a file, or the flags and environment variables of the sidecar without one.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cli/config.hpp"

namespace postern::cli {

// As given on the command line.
struct SourceFlags {
  std::optional<std::string> config_file;
  std::optional<std::string> listen, upstream, issuer, audience, jwks_file, jwks_uri;
  std::optional<std::string> admin;  // says where it is to listen, or, to other verbs, where it listens
  std::vector<std::string> claims;   // `sub=X-User-Id`
};

// An environment variable; one that is empty is not set.
std::optional<std::string> variable(const conf::Environment& environment, const std::string& name);

// A sentence for each of these names that is none of postern's variables and nearly one: who misspells POSTERN_CLAIM
// lets clients say who they are. What Kubernetes sets for a service called `postern` (POSTERN_SERVICE_HOST,
// POSTERN_PORT) and what a configuration file may read for itself is not near.
std::vector<std::string> misspelled_variables(const std::vector<std::string>& names);

// A flag counts before an environment variable. A file and the sidecar's values together are refused when both are
// flags or both are variables; --claim and POSTERN_CLAIM hold several with commas between them. The admin listener
// alone makes no sidecar: beside a file --admin is refused, and POSTERN_ADMIN is meant for the verbs that ask a running
// gateway. The error is a sentence.
tl::expected<ConfigSource, std::string> choose_source(const SourceFlags& flags, const conf::Environment& environment);

// The same for verbs that want a file and know no sidecar.
tl::expected<std::string, std::string> choose_file(const std::optional<std::string>& flag,
                                                   const conf::Environment& environment);

}  // namespace postern::cli
