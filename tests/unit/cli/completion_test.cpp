#include "cli/completion.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/temporary_folder.hpp"
#include "cli/command_line.hpp"

namespace postern::cli {
namespace {

std::string script_for(const std::string& shell) {
  return completion_script(describe_command_line(), shell);
}

// What bash offers for the last word of `line`, by the script itself.
std::set<std::string> bash_offers(const std::vector<std::string>& line) {
  std::string name = (std::filesystem::temp_directory_path() / "postern-completion-XXXXXX").string();
  REQUIRE(::close(::mkstemp(name.data())) == 0);
  std::ofstream script(name);
  script << script_for("bash") << "\nCOMP_WORDS=(";
  for (const std::string& word : line) script << " '" << word << "'";
  script << " )\nCOMP_CWORD=" << line.size() - 1 << "\n_postern\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  script.close();

  std::FILE* const shell = ::popen(("bash --norc " + name + " 2>&1").c_str(), "r");
  REQUIRE(shell != nullptr);
  std::array<char, 4096> line_buffer;
  std::set<std::string> offers;
  while (std::fgets(line_buffer.data(), line_buffer.size(), shell) != nullptr) {
    std::string offer(line_buffer.data());
    offer.pop_back();
    if (!offer.empty()) offers.insert(offer);
  }
  CHECK(::pclose(shell) == 0);
  std::filesystem::remove(name);
  return offers;
}

void check_named_everywhere(const VerbDescription& verb, const std::string& script) {
  for (const OptionDescription& option : verb.options) {
    for (const std::string& name : option.names) CHECK_MESSAGE(script.find(name) != std::string::npos, name);
  }
  for (const VerbDescription& inner : verb.verbs) {
    CHECK_MESSAGE(script.find(inner.name) != std::string::npos, inner.name);
    check_named_everywhere(inner, script);
  }
}

}  // namespace

TEST_CASE("The description of the command line holds every verb and the kinds of its options") {
  const VerbDescription program = describe_command_line();
  std::set<std::string> verbs;
  for (const VerbDescription& verb : program.verbs) verbs.insert(verb.name);
  CHECK(verbs == std::set<std::string>{"run", "validate", "explain", "verify", "config", "providers", "demo",
                                       "healthcheck", "reload", "tokens", "keys", "users", "completion", "version"});
  const auto find = [&](const std::string& name) -> const OptionDescription& {
    for (const VerbDescription& verb : program.verbs) {
      for (const OptionDescription& option : verb.options) {
        if (!option.names.empty() && option.names.back() == name) return option;
      }
    }
    FAIL(name);
    return program.options.front();
  };
  CHECK(find("--config").takes_file);
  CHECK(find("--config").names == std::vector<std::string>{"-c", "--config"});
  CHECK(!find("--issuer").takes_file);
  CHECK(find("--issuer").takes_value);
  CHECK(!find("--json").takes_value);
}

TEST_CASE("bash and zsh scripts name every verb and option") {
  check_named_everywhere(describe_command_line(), script_for("bash"));
  check_named_everywhere(describe_command_line(), script_for("zsh"));
}

TEST_CASE("bash offers what can stand at that place") {
  CHECK(bash_offers({"postern", "r"}) == std::set<std::string>{"reload", "run"});
  CHECK(bash_offers({"postern", "config", ""}).count("schema") == 1);
  CHECK(bash_offers({"postern", "config", "print", "--iss"}) == std::set<std::string>{"--issuer"});
  CHECK(bash_offers({"postern", "run", "--cl"}) == std::set<std::string>{"--claim"});
  CHECK(bash_offers({"postern", "validate", "--cl"}).empty());
  CHECK(bash_offers({"postern", "--log-format", ""}) == std::set<std::string>{"json", "text"});
  CHECK(bash_offers({"postern", "config", "print", "--log-format", "j"}) == std::set<std::string>{"json"});
  CHECK(bash_offers({"postern", "completion", ""}).count("fish") == 1);
  CHECK(bash_offers({"postern", "run", "--issuer", ""}).empty());
  CHECK(bash_offers({"postern", "users", ""}).count("passwd") == 1);
  CHECK(bash_offers({"postern", "users", "add", "--p"}) == std::set<std::string>{"--password-stdin"});
  CHECK(bash_offers({"postern", "users", "list", "--p"}).empty());
  CHECK(bash_offers({"postern", "tokens", "revoke", "--iss"}) == std::set<std::string>{"--issued-before", "--issuer"});
  CHECK(bash_offers({"postern", "keys", "r"}) == std::set<std::string>{"rotate"});
  CHECK(bash_offers({"postern", "keys", "list", "--j"}) == std::set<std::string>{"--json"});
}

TEST_CASE("bash offers files where a file is wanted, names with spaces whole") {
  const TemporaryFolder folder("postern-files-");
  const std::string file = folder.write("my config.yaml", "");
  CHECK(bash_offers({"postern", "run", "-c", folder.path_of("my")}) == std::set<std::string>{file});
}

TEST_CASE("Quotes in a help text stay text") {
  VerbDescription program{"postern", "", {}, {{"run", "it's `run` \\ $HOME", {}, {}}}};
  CHECK(completion_script(program, "zsh").find(R"('run:it'\''s `run` \ $HOME')") != std::string::npos);
  CHECK(completion_script(program, "fish").find(R"('it\'s `run` \\ $HOME')") != std::string::npos);
}

TEST_CASE("An unknown shell has no script") {
  CHECK(script_for("csh").empty());
}

}  // namespace postern::cli
