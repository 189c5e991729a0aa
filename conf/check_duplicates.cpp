#include <algorithm>
#include <map>

#include "base/ascii.hpp"
#include "conf/check.hpp"
#include "conf/tree.hpp"

namespace postern::conf {
namespace {

// A template's path with its names left out: `/users/{id}` and `/users/{name}` take the same requests.
std::string without_names(const std::string& path_template) {
  std::string out;
  for (std::size_t i = 0; i < path_template.size(); ++i) {
    out += path_template[i];
    if (path_template[i] == '{') i = std::min(path_template.find('}', i), path_template.size()) - 1;
  }
  return out;
}

std::string path_key(const RouteMatch& match) {
  const auto key = [](char kind, std::string_view path) { return std::string(1, kind).append(path); };
  if (!match.path.empty()) return key('=', match.path);
  if (!match.path_template.empty()) {
    const bool has_names = match.path_template.find('{') != match.path_template.npos;
    return key(has_names ? '~' : '=', without_names(match.path_template));
  }
  return key('^', match.path_prefix.empty() ? "/" : std::string_view(match.path_prefix));
}

std::string headers_key(const RouteMatch& match) {
  std::map<std::string, std::string> conditions;
  for (const auto& [name, header] : match.headers) {
    std::string& condition = conditions[lower(name)];
    if (header.value) condition.append("=").append(*header.value);
    if (header.matches) condition.append("~").append(header.matches->text());
    if (header.present) condition += *header.present ? "+" : "-";
  }
  std::string key;
  for (const auto& [name, condition] : conditions) key.append("\n").append(name).append(condition);
  return key;
}

// Every combination of host and method that the route takes, each as one text. Routes that share one could not be told
// apart: neither would be more specific than the other.
std::vector<std::string> keys_of(const RouteMatch& match) {
  const std::string rest = path_key(match) + headers_key(match);
  const std::vector<std::string> any = {""};
  std::vector<std::string> keys;
  for (const std::string& host : match.host.empty() ? any : match.host) {
    for (const std::string& method : match.methods.empty() ? any : match.methods) {
      keys.push_back(lower(host) + "\n" + method + "\n" + rest);
    }
  }
  return keys;
}

}  // namespace

void check_duplicates(const Config& config, Problems& problems) {
  std::map<std::string, std::size_t> names;
  std::map<std::string, std::size_t> matches;
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    const Route& route = config.routes[i];
    std::string path = item_path("routes", i);
    if (!route.name.empty() && !names.emplace(route.name, i).second) {
      problems.add(path + ".name", "is the name of another route, " + item_path("routes", names[route.name]));
    }
    if (problems.is_settled(path + ".match")) continue;
    for (const std::string& key : keys_of(route.match)) {
      auto [first, inserted] = matches.emplace(key, i);
      if (inserted || first->second == i) continue;
      problems.add(path + ".match", "takes the same requests as the route `" + config.routes[first->second].name +
                                        "`, and neither is more specific");
      break;
    }
  }
}

}  // namespace postern::conf
