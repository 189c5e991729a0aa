// Configurations for tests: texts that load, with a part exchanged, and the errors of those that do not.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "conf/load.hpp"

namespace postern::conf {

inline Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

inline Loaded load(std::string_view text, std::map<std::string, std::string> variables = {}) {
  return load_yaml(text, "c.yaml", environment_of(std::move(variables)));
}

// Each error as one line.
inline std::vector<std::string> lines_of(const Problems& problems) {
  std::vector<std::string> lines;
  for (const Problem& problem : problems.errors()) lines.push_back(problem.to_text());
  return lines;
}

inline std::vector<std::string> errors(std::string_view text, std::map<std::string, std::string> variables = {}) {
  return lines_of(load(text, std::move(variables)).problems);
}

using Lines = std::vector<std::string>;

// A configuration that loads; every part is a flow map's inside, so that one line holds it.
struct Sample {
  std::string listener = "address: 127.0.0.1:8080";
  std::string top;  // further lines
  std::string provider = "issuer: https://id.example.com, audiences: [a], jwks_file: k.json";
  std::string upstream = "endpoints: [http://127.0.0.1:9000]";
  std::string match = "path_prefix: /";
  std::string policy = "jwt: {providers: [shop]}";
  std::string target = "upstream: orders";
  std::string route;  // further members

  std::string text() const {
    return "listeners: [{" + listener + "}]\n" + "providers: {shop: {" + provider + "}}\n" + "upstreams: {orders: {" +
           upstream + "}}\n" + "routes: [{name: r, match: {" + match + "}, " + policy + ", " + target +
           (route.empty() ? "" : ", " + route) + "}]\n" + top + "\n";
  }
};

// The errors of a sample without their places: `path: message`.
inline Lines complaints(const std::string& text) {
  Lines lines;
  const Loaded loaded = load(text);
  for (const Problem& problem : loaded.problems.errors()) lines.push_back(problem.path + ": " + problem.message);
  return lines;
}
inline Lines complaints(const Sample& sample) {
  return complaints(sample.text());
}

// The complaints of a sample with that part exchanged, or with more members in its route.
inline Lines provider_complaints(const std::string& members) {
  Sample sample;
  sample.provider = members;
  return complaints(sample);
}

inline Lines upstream_complaints(const std::string& members) {
  Sample sample;
  sample.upstream = members;
  return complaints(sample);
}

inline Lines route_complaints(const std::string& members) {
  Sample sample;
  sample.route = members;
  return complaints(sample);
}

inline Lines matched_complaints(const std::string& match, const std::string& members) {
  Sample sample;
  sample.match = match;
  sample.route = members;
  return complaints(sample);
}

inline Lines target_complaints(const std::string& members) {
  Sample sample;
  sample.target = members;
  return complaints(sample);
}

inline Lines policy_complaints(const std::string& members) {
  Sample sample;
  sample.policy = members;
  return complaints(sample);
}

// The configuration of a sample that must load.
inline Config config_of(const Sample& sample) {
  Loaded loaded = load(sample.text());
  CHECK(lines_of(loaded.problems) == Lines{});
  return std::move(loaded.config);
}

}  // namespace postern::conf

namespace doctest {
template <>
struct StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) all += "\n  " + line;
    return all.empty() ? "(none)" : all.c_str();
  }
};
}  // namespace doctest
