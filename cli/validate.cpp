#include "cli/validate.hpp"

#include <array>
#include <ostream>
#include <vector>

#include "cli/text.hpp"
#include "gateway/server.hpp"

namespace postern::cli {
namespace {

std::string claim_text(const conf::ClaimName& claim) {
  if (const auto* name = std::get_if<std::string>(&claim.path)) return *name;
  return "[" + join(std::get<1>(claim.path), ", ") + "]";
}

std::string header_condition(const std::string& name, const conf::HeaderMatch& match) {
  if (match.value) return name + "=" + *match.value;
  if (match.matches) return name + "~" + match.matches->text();
  return (match.present.value_or(true) ? "" : "no ") + name;
}

// A prefix that ends with a slash takes what is below alone.
std::string path_text(const conf::RouteMatch& match) {
  if (!match.path.empty()) return match.path;
  if (!match.path_template.empty()) return match.path_template;
  const std::string& prefix = match.path_prefix;
  if (prefix.empty() || prefix.ends_with('/')) return (prefix.empty() ? "/" : prefix) + "*";
  return prefix + " and " + prefix + "/*";
}

std::string match_text(const conf::RouteMatch& match) {
  std::string out;
  if (!match.methods.empty()) out = join(match.methods, ",") + " ";
  out += join(match.host, ",");
  out += path_text(match);
  for (const auto& [name, header] : match.headers) out += " [" + header_condition(name, header) + "]";
  return out;
}

std::string target_text(const conf::Route& route) {
  if (route.direct_response) return "answers " + std::to_string(route.direct_response->status);
  if (route.redirect) return std::to_string(route.redirect->status) + " to " + route.redirect->to;
  return route.upstream;
}

std::string values_text(const std::vector<Json>& values) {
  std::string out;
  for (const Json& value : values) out += (out.empty() ? "" : ", ") + value.to_text();
  return out;
}

std::string rule_text(const conf::ClaimRule& rule) {
  std::string claim = claim_text(rule.claim);
  if (rule.equals) return claim + " = " + rule.equals->to_text();
  if (rule.one_of) return claim + " one of " + values_text(*rule.one_of);
  if (rule.contains) return claim + " contains " + rule.contains->to_text();
  return claim + " matches " + (rule.matches ? rule.matches->text() : std::string());
}

std::string jwt_text(const conf::Jwt& jwt) {
  std::string out = (jwt.optional ? "jwt if any: " : "jwt: ") + join(jwt.providers, ", ");
  if (!jwt.scopes.empty()) {
    out += "; scopes: " + join(jwt.scopes, jwt.scope_match == conf::MatchKind::all ? " and " : " or ");
  }
  for (const conf::ClaimName& claim : jwt.required_claims) out += "; has " + claim_text(claim);
  for (const conf::ClaimRule& rule : jwt.claims) out += "; " + rule_text(rule);
  return out;
}

std::string policy_text(const conf::Route& route, bool observe_all) {
  std::string policy = route.jwt ? jwt_text(*route.jwt) : std::string("public");
  return route.jwt && (route.observe || observe_all) ? policy + " (observe: every request passes)" : policy;
}

}  // namespace

std::string route_table(const conf::Config& config) {
  std::vector<std::array<std::string, 4>> rows = {{"ROUTE", "MATCH", "TARGET", "POLICY"}};
  for (const conf::Route& route : config.routes) {
    rows.push_back({route.name, match_text(route.match), target_text(route), policy_text(route, config.observe)});
  }
  return aligned(rows);
}

int run_validate(const ConfigSource& source, const conf::Environment& environment, const DeepCheck& deep_check,
                 std::ostream& out, std::ostream& err) {
  conf::Loaded loaded = load_config(source, environment);
  if (deep_check) deep_check(loaded.config, loaded.problems);
  if (!report(loaded.problems, err)) return exit_bad_config;
  out << route_table(loaded.config);
  return exit_ok;
}

}  // namespace postern::cli
