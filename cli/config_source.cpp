#include "cli/config_source.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "conf/suggest.hpp"

namespace postern::cli {
namespace {

// One value of the sidecar: its flag, its variable and where it goes.
struct SidecarValue {
  std::optional<std::string> SourceFlags::*given;
  std::optional<conf::SidecarFlag> conf::SidecarFlags::*target;
  const char* flag_name;
  const char* variable_name;

  // Whether a sidecar is meant where this is given; to speak of the admin listener other verbs have the same names.
  bool makes_sidecar() const { return given != &SourceFlags::admin; }
};

constexpr SidecarValue sidecar_values[] = {
    {&SourceFlags::listen, &conf::SidecarFlags::listen, "--listen", "POSTERN_LISTEN"},
    {&SourceFlags::upstream, &conf::SidecarFlags::upstream, "--upstream", "POSTERN_UPSTREAM"},
    {&SourceFlags::issuer, &conf::SidecarFlags::issuer, "--issuer", "POSTERN_ISSUER"},
    {&SourceFlags::audience, &conf::SidecarFlags::audience, "--audience", "POSTERN_AUDIENCE"},
    {&SourceFlags::jwks_file, &conf::SidecarFlags::jwks_file, "--jwks-file", "POSTERN_JWKS_FILE"},
    {&SourceFlags::jwks_uri, &conf::SidecarFlags::jwks_uri, "--jwks-uri", "POSTERN_JWKS_URI"},
    {&SourceFlags::admin, &conf::SidecarFlags::admin, "--admin", "POSTERN_ADMIN"},
};

constexpr std::string_view variable_prefix = "POSTERN_";
constexpr std::string_view other_variables[] = {"POSTERN_CLAIM", "POSTERN_CONFIG", "POSTERN_LOG_LEVEL",
                                                "POSTERN_LOG_FORMAT"};

constexpr const char* nothing_given =
    "no configuration: give -c FILE (or POSTERN_CONFIG), or --listen, --upstream, --issuer and --audience";

// The first flag of the sidecar that is given; nullptr without one.
const char* sidecar_flag(const SourceFlags& flags) {
  for (const SidecarValue& value : sidecar_values) {
    if (value.makes_sidecar() && flags.*value.given) return value.flag_name;
  }
  return flags.claims.empty() ? nullptr : "--claim";
}

const char* sidecar_variable(const conf::Environment& environment) {
  for (const SidecarValue& value : sidecar_values) {
    if (value.makes_sidecar() && variable(environment, value.variable_name)) return value.variable_name;
  }
  return variable(environment, "POSTERN_CLAIM") ? "POSTERN_CLAIM" : nullptr;
}

// What follows the prefix in every variable that postern reads.
std::vector<std::string_view> known_variables() {
  std::vector<std::string_view> known;
  for (const SidecarValue& value : sidecar_values) known.emplace_back(value.variable_name);
  known.insert(known.end(), std::begin(other_variables), std::end(other_variables));
  for (std::string_view& name : known) name.remove_prefix(variable_prefix.size());
  return known;
}

// One or several, with commas between them.
void add_claim_list(const std::string& list, const char* origin, conf::SidecarFlags& sidecar) {
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    sidecar.claims.push_back({list.substr(begin, end - begin), origin});
    begin = end + 1;
  }
}

void add_claims(const SourceFlags& flags, const conf::Environment& environment, conf::SidecarFlags& sidecar) {
  for (const std::string& list : flags.claims) add_claim_list(list, "--claim", sidecar);
  if (!flags.claims.empty()) return;
  add_claim_list(variable(environment, "POSTERN_CLAIM").value_or(""), "POSTERN_CLAIM", sidecar);
}

ConfigSource make_sidecar(const SourceFlags& flags, const conf::Environment& environment) {
  ConfigSource source;
  for (const SidecarValue& value : sidecar_values) {
    if (flags.*value.given) {
      source.flags.*value.target = {*(flags.*value.given), value.flag_name};
    } else if (auto set = variable(environment, value.variable_name)) {
      source.flags.*value.target = {std::move(*set), value.variable_name};
    }
  }
  add_claims(flags, environment, source.flags);
  return source;
}

tl::unexpected<std::string> both_given(const char* file, const char* sidecar) {
  return tl::unexpected(std::string(file) + " and " + sidecar +
                        " exclude each other: the configuration is a file, or it is flags");
}

tl::expected<ConfigSource, std::string> choose_named_file(const std::string& file, const char* origin,
                                                          const SourceFlags& flags) {
  if (flags.admin) return both_given(origin, "--admin");
  return ConfigSource{file, {}};
}

}  // namespace

std::optional<std::string> variable(const conf::Environment& environment, const std::string& name) {
  std::optional<std::string> value = environment(name);
  return value && !value->empty() ? value : std::nullopt;
}

std::vector<std::string> misspelled_variables(const std::vector<std::string>& names) {
  static const std::vector<std::string_view> known = known_variables();
  std::vector<std::string> sentences;
  for (const std::string& name : names) {
    if (!name.starts_with(variable_prefix)) continue;
    const std::string_view rest = std::string_view(name).substr(variable_prefix.size());
    if (std::find(known.begin(), known.end(), rest) != known.end()) continue;
    const std::string_view meant = conf::nearest(rest, known);
    if (meant.empty()) continue;
    sentences.push_back("the variable " + name + " says nothing; did you mean " + std::string(variable_prefix) +
                        std::string(meant) + "?");
  }
  return sentences;
}

tl::expected<ConfigSource, std::string> choose_source(const SourceFlags& flags, const conf::Environment& environment) {
  const char* const flag = sidecar_flag(flags);
  if (flags.config_file && flag != nullptr) return both_given("--config", flag);
  if (flags.config_file) return choose_named_file(*flags.config_file, "--config", flags);
  if (flag != nullptr) return make_sidecar(flags, environment);

  const auto file = variable(environment, "POSTERN_CONFIG");
  const char* const set = sidecar_variable(environment);
  if (file && set != nullptr) return both_given("POSTERN_CONFIG", set);
  if (file) return choose_named_file(*file, "POSTERN_CONFIG", flags);
  if (set != nullptr) return make_sidecar(flags, environment);
  return tl::unexpected(std::string(nothing_given));
}

tl::expected<std::string, std::string> choose_file(const std::optional<std::string>& flag,
                                                   const conf::Environment& environment) {
  if (flag) return *flag;
  if (auto file = variable(environment, "POSTERN_CONFIG")) return std::move(*file);
  return tl::unexpected(std::string("no configuration: give -c FILE (or POSTERN_CONFIG)"));
}

}  // namespace postern::cli
