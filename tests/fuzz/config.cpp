// A configuration file. Every problem is told on a line of its own, at a place of the file. A configuration without
// problems prints to a file that loads to the same, with no secret in it.
#include <algorithm>
#include <charconv>
#include <optional>

#include "conf/load.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;

conf::Loaded load(std::string_view text) {
  const conf::Environment environment = [](const std::string& name) {
    return name == "SET" ? std::optional<std::string>("value") : std::nullopt;
  };
  return conf::load_yaml(text, "fuzz.yaml", environment);
}

// `fuzz.yaml:LINE:COLUMN` of a line that the text has; a missing end is told behind the last one.
void check_place(std::string_view where, std::string_view text) {
  require(where.starts_with("fuzz.yaml:"), "a problem names its file");
  where.remove_prefix(10);
  const auto lines = static_cast<unsigned long>(std::count(text.begin(), text.end(), '\n')) +
                     static_cast<unsigned long>(std::count(text.begin(), text.end(), '\r')) + 2;
  unsigned long line = 0, column = 0;
  const auto [colon, fault] = std::from_chars(where.data(), where.data() + where.size(), line);
  require(fault == std::errc{} && colon != where.data() + where.size() && *colon == ':', "a problem has a line");
  const auto [end, second_fault] = std::from_chars(colon + 1, where.data() + where.size(), column);
  require(second_fault == std::errc{} && end == where.data() + where.size(), "a problem has a column");
  require(line >= 1 && line <= lines && column >= 1, "a problem lies within the file");
}

void check_problems(const conf::Problems& problems, std::string_view text) {
  for (const auto* list : {&problems.errors(), &problems.warnings()}) {
    for (const conf::Problem& problem : *list) {
      check_place(problem.where, text);
      require(!problem.message.empty(), "a problem says what is wrong");
      const std::string line = problem.to_text();
      const bool clean = std::none_of(line.begin(), line.end(),
                                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
      require(clean, "a problem is told on one line, without control characters");
    }
  }
}

void check_secrets(conf::Config config) {
  constexpr std::string_view secret = "9d1f5f0c2e6b4a7f";
  for (auto& [name, provider] : config.providers) provider.secret = Secret(std::string(secret));
  require(conf::print_yaml(config).find(secret) == std::string::npos, "no secret is printed");
}

Verdict judge(std::string_view input) {
  const conf::Loaded loaded = load(input);
  check_problems(loaded.problems, input);
  if (loaded.problems.any()) return refused(loaded.problems.errors().front().to_text());
  check_secrets(loaded.config);
  const std::string printed = conf::print_yaml(loaded.config);
  if (printed.find("<redacted>") != std::string::npos) return accepted();  // such a print does not load, on purpose
  const conf::Loaded again = load(printed);
  require(!again.problems.any(), "a configuration prints to a file that loads");
  require(conf::print_yaml(again.config) == printed, "printed twice, it is the same file");
  return accepted();
}

}  // namespace

POSTERN_FUZZ_TARGET("config")
