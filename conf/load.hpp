// From YAML, or from the sidecar's flags, to a checked configuration.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "conf/config.hpp"
#include "conf/problems.hpp"

namespace postern::conf {

// Looks up an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

struct Loaded {
  Config config;      // usable only when `problems` has no errors
  Problems problems;  // of syntax, of types, and of check()
};

// Reads the file, expands `${VAR}` and `${VAR:-default}` in scalars after parsing, fills `config` and checks it.
// `file` names the text in messages and is where relative paths start. `whole_configuration` is settled in the problems
// when nothing could be filled: the text cannot be read, or is no YAML.
Loaded load_yaml(std::string_view text, const std::string& file, const Environment& environment);
Loaded load_file(const std::string& file, const Environment& environment);

// `postern run --listen ... --upstream ...`: one service, every path protected. Each value may come from a flag or
// from its environment variable (POSTERN_LISTEN ...); `origin` says which, for messages.
struct SidecarFlag {
  std::string value;
  std::string origin;  // `--issuer` or `POSTERN_ISSUER`
};
struct SidecarFlags {
  std::optional<SidecarFlag> listen, upstream, issuer, audience, jwks_file, jwks_uri;
  std::optional<SidecarFlag> admin;  // none: the default address
  std::vector<SidecarFlag> claims;   // `sub=X-User-Id`
};
Loaded load_sidecar(const SidecarFlags& flags);

// What no single field can say: names that must exist, members that exclude each other, duplicates. Pure.
void check(const Config& config, Problems& problems);

// The configuration as YAML that loads to an equal value, defaults included, secrets as `<redacted>`.
std::string print_yaml(const Config& config);

// The JSON Schema (2020-12) of the file, and the reference in Markdown, from the same field table as the loader.
std::string json_schema();
std::string reference_markdown();

// A whole file, at most `limit` bytes; the error is a sentence with the file's name and the system's reason.
tl::expected<std::string, std::string> read_file(const std::string& path, std::size_t limit = 16 << 20);

// Nothing when a file of that name can be there: its folder is, and it is none itself. Else a sentence.
std::optional<std::string> judge_output_file(const std::string& path);

// Nothing when a folder of that name is there, or can be made in one that is. Else a sentence.
std::optional<std::string> judge_output_folder(std::string path);

// A secret file's bytes less one final newline, decoded.
tl::expected<Secret, std::string> read_secret(const std::string& path, SecretEncoding encoding);
tl::expected<Secret, std::string> decode_secret(std::string_view written, SecretEncoding encoding);

}  // namespace postern::conf
