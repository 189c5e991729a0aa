#include "cli/command_line.hpp"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "cli/command_line_app.hpp"
#include "cli/config_source.hpp"
#include "conf/suggest.hpp"
#include "gateway/server.hpp"

namespace postern::cli {
namespace {

using MadeVerb = tl::expected<Verb, std::string>;

// ---- from what was given to verbs

template <class Made>
MadeVerb with_source(const Given& given, const conf::Environment& environment) {
  return choose_source(given.source, environment).map([](ConfigSource source) -> Verb {
    return Made{std::move(source)};
  });
}

template <class Made>
MadeVerb with_file(const Given& given, const conf::Environment& environment) {
  return choose_file(given.source.config_file, environment).map([](std::string file) -> Verb {
    return Made{ConfigSource{std::move(file), {}}};
  });
}

AdminClientOptions admin_options(const Given& given, const conf::Environment& environment) {
  if (given.source.admin) return {*given.source.admin, ""};
  if (given.source.config_file) return {"", *given.source.config_file};
  if (const auto address = variable(environment, "POSTERN_ADMIN")) return {*address, ""};
  return {"", variable(environment, "POSTERN_CONFIG").value_or("")};
}

template <class Made>
MadeVerb with_admin(const Given& given, const conf::Environment& environment) {
  return Made{admin_options(given, environment)};
}

MadeVerb tokens_revoke(const Given& given, const conf::Environment& environment) {
  return revocation_text(given.revoke).map([&](std::string revocation) -> Verb {
    return TokensRevoke{{admin_options(given, environment), std::move(revocation)}};
  });
}

template <class Made>
MadeVerb with_keys(const Given& given, const conf::Environment& environment) {
  return Made{{admin_options(given, environment), given.keys_json}};
}

template <class Made>
MadeVerb alone(const Given&, const conf::Environment&) {
  return Made{};
}

MadeVerb explain(const Given& given, const conf::Environment& environment) {
  return choose_file(given.source.config_file, environment).map([&given](std::string file) -> Verb {
    ExplainOptions options = given.explain;
    options.config_file = std::move(file);
    return Explain{std::move(options)};
  });
}

MadeVerb verify(const Given& given, const conf::Environment&) {
  return Verify{given.verify};
}
template <class Made>
MadeVerb with_users(const Given& given, const conf::Environment&) {
  return Made{given.users};
}
MadeVerb demo(const Given& given, const conf::Environment&) {
  return Demo{given.demo};
}
MadeVerb completion(const Given& given, const conf::Environment&) {
  return CompletionScript{given.shell};
}

struct Maker {
  std::string_view words;
  MadeVerb (*make)(const Given&, const conf::Environment&);
};

constexpr Maker makers[] = {
    {"run", with_source<Run>},
    {"validate", with_file<Validate>},
    {"explain", explain},
    {"verify", verify},
    {"config schema", alone<ConfigSchema>},
    {"config print", with_source<ConfigPrint>},
    {"config reference", alone<ConfigReference>},
    {"providers check", with_file<ProvidersCheck>},
    {"users add", with_users<UsersAdd>},
    {"users passwd", with_users<UsersPasswd>},
    {"users remove", with_users<UsersRemove>},
    {"users list", with_users<UsersList>},
    {"demo", demo},
    {"healthcheck", with_admin<Healthcheck>},
    {"reload", with_admin<Reload>},
    {"tokens revoke", tokens_revoke},
    {"keys list", with_keys<KeysList>},
    {"keys rotate", with_keys<KeysRotate>},
    {"completion", completion},
    {"version", alone<Version>},
};

// The words of the verb that was given: `config print`.
std::string words_of(const CLI::App& app) {
  std::string words;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    words += (words.empty() ? "" : " ") + at->get_name();
  }
  return words;
}

MadeVerb make_verb(const CLI::App& app, const Given& given, const conf::Environment& environment) {
  const std::string words = words_of(app);
  const auto* const maker =
      std::find_if(std::begin(makers), std::end(makers), [&](const Maker& known) { return known.words == words; });
  if (maker == std::end(makers)) return tl::unexpected("`" + words + "` is no verb");
  return maker->make(given, environment);
}

// A flag, else its variable, else the default that `target` holds; the error names the variable.
tl::expected<void, std::string> read_choice(const std::optional<std::string>& flag,
                                            const conf::Environment& environment, const std::string& name,
                                            const std::vector<std::string>& choices, std::string& target) {
  if (flag) {
    target = *flag;
  } else if (auto value = variable(environment, name)) {
    if (std::find(choices.begin(), choices.end(), *value) == choices.end()) {
      return tl::unexpected(name + ": must be one of " + alternatives(choices));
    }
    target = std::move(*value);
  }
  return {};
}

tl::expected<LogOptions, std::string> make_log(const Given& given, const conf::Environment& environment) {
  LogOptions log;
  return read_choice(given.log_level, environment, "POSTERN_LOG_LEVEL", log_levels(), log.level)
      .and_then(
          [&] { return read_choice(given.log_format, environment, "POSTERN_LOG_FORMAT", log_formats(), log.format); })
      .map([&] { return log; });
}

Ending usage_error(const CLI::App& app, const std::string& message) {
  const std::string words = words_of(app);
  return {exit_usage, "",
          "postern: " + message + "\nRun `postern " + (words.empty() ? "" : words + " ") +
              "--help` for more information.\n"};
}

// The verb that was given, the innermost.
const CLI::App& verb_of(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

// The word that stands where a verb should, with the nearest verb; nothing when there is none.
std::optional<std::string> unknown_verb(const CLI::App& app) {
  const CLI::App* const at = &verb_of(app);
  const std::vector<std::string> rest = app.remaining(true);
  if (at->get_require_subcommand_min() == 0 || rest.empty() || rest.front().starts_with('-')) return std::nullopt;
  std::vector<std::string_view> names;
  for (const CLI::App* verb : at->get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  const std::string where = at == &app ? "" : " of `" + words_of(app) + "`";
  return "`" + rest.front() + "` is no verb" + where + conf::suggestion(rest.front(), names);
}

// A file whose `-c` was forgotten; nothing when there is none.
std::optional<std::string> file_without_flag(const CLI::App& app) {
  const std::vector<std::string> rest = app.remaining(true);
  if (rest.empty() || !(rest.front().ends_with(".yaml") || rest.front().ends_with(".yml"))) return std::nullopt;
  const CLI::Option* const option = verb_of(app).get_option_no_throw("--config");
  if (option == nullptr || option->count() != 0) return std::nullopt;
  return "`" + words_of(app) + "` takes no `" + rest.front() + "`; did you mean `-c " + rest.front() + "`?";
}

std::vector<std::string> long_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// A flag that is none of the verb's, with the nearest one; nothing when there is none.
std::optional<std::string> unknown_flag(const CLI::App& app) {
  const std::vector<std::string> rest = app.remaining(true);
  const auto flag =
      std::find_if(rest.begin(), rest.end(), [](const std::string& word) { return word.starts_with("--"); });
  if (flag == rest.end() || *flag == "--") return std::nullopt;
  const CLI::App* at = &app;
  std::vector<std::string> names = long_names(*at);
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    for (std::string& name : long_names(*at)) {  // each has its own `--help`
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }
  }
  if (at->get_require_subcommand_min() != 0) return std::nullopt;  // which verb it is for is not known
  const std::string written = flag->substr(0, flag->find('='));
  return "`" + written + "` is no option of `" + words_of(app) + "`" +
         conf::suggestion(written, std::vector<std::string_view>(names.begin(), names.end()));
}

// ---- for the completion scripts

OptionDescription describe(const CLI::Option& option) {
  OptionDescription described;
  for (const std::string& name : option.get_snames()) described.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) described.names.push_back("--" + name);
  described.help = option.get_description();
  described.takes_value = option.get_items_expected_max() > 0;
  const std::string type = option.get_type_name();
  described.takes_file = type == "FILE";
  if (type.find('|') != std::string::npos) described.choices = CLI::detail::split(type, '|');
  return described;
}

// `inherited`: the options of the verbs around it that may also stand behind this one.
VerbDescription describe(const CLI::App& app, std::vector<OptionDescription> inherited) {
  VerbDescription described{app.get_name(), app.get_description(), inherited, {}};
  for (const CLI::Option* option : app.get_options()) {
    described.options.push_back(describe(*option));
    if (described.options.back().takes_value) inherited.push_back(described.options.back());
  }
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; })) {
    described.verbs.push_back(describe(*inner, inherited));
  }
  return described;
}

}  // namespace

tl::expected<Invocation, Ending> parse_command_line(const std::vector<std::string>& arguments,
                                                    const conf::Environment& environment) {
  Given given;
  const std::unique_ptr<CLI::App> app = make_app(given);
  try {
    app->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 wants them reversed
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    if (app->exit(error, out, err) == 0) return tl::unexpected(Ending{exit_ok, out.str(), ""});
    auto known = unknown_verb(*app);
    if (!known) known = file_without_flag(*app);
    if (!known) known = unknown_flag(*app);
    return tl::unexpected(usage_error(*app, known.value_or(error.what())));
  }
  auto log = make_log(given, environment);
  if (!log) return tl::unexpected(usage_error(*app, log.error()));
  auto verb = make_verb(*app, given, environment);
  if (!verb) return tl::unexpected(usage_error(*app, verb.error()));
  return Invocation{std::move(*log), std::move(*verb)};
}

VerbDescription describe_command_line() {
  Given given;
  return describe(*make_app(given), {});
}

std::string program_version() {
  return POSTERN_VERSION;
}

}  // namespace postern::cli
