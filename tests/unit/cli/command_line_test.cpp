#include "cli/command_line.hpp"

#include <doctest/doctest.h>

#include <map>
#include <sstream>

namespace postern::cli {
namespace {

using Variables = std::map<std::string, std::string>;

conf::Environment environment_of(const Variables& variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

tl::expected<Invocation, Ending> parse(const std::string& line, const Variables& variables = {}) {
  std::istringstream words(line);
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  return parse_command_line(arguments, environment_of(variables));
}

// The verb's value; the test ends when it is another one.
template <class Wanted>
Wanted parse_as(const std::string& line, const Variables& variables = {}) {
  const auto invocation = parse(line, variables);
  REQUIRE_MESSAGE(invocation, invocation.error().err);
  REQUIRE(std::holds_alternative<Wanted>(invocation->verb));
  return std::get<Wanted>(invocation->verb);
}

// What is told about a usage error; the test ends when it is none.
std::string usage_error(const std::string& line, const Variables& variables = {}) {
  const auto invocation = parse(line, variables);
  REQUIRE_MESSAGE(!invocation, line);
  CHECK(invocation.error().exit_code == 2);
  CHECK(invocation.error().out.empty());
  return invocation.error().err;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("run takes a file by flag or by variable, and the flag counts first") {
  CHECK(parse_as<Run>("run -c a.yaml").source.file == "a.yaml");
  CHECK(parse_as<Run>("run --config a.yaml").source.file == "a.yaml");
  CHECK(parse_as<Run>("run", {{"POSTERN_CONFIG", "b.yaml"}}).source.file == "b.yaml");
  CHECK(parse_as<Run>("run -c a.yaml", {{"POSTERN_CONFIG", "b.yaml"}}).source.file == "a.yaml");
}

TEST_CASE("run without a file takes the sidecar's flags") {
  const ConfigSource source = parse_as<Run>(
                                  "run --listen 127.0.0.1:1 --upstream http://u --issuer https://i --audience a "
                                  "--jwks-file k.json --jwks-uri https://k --claim sub=X-User-Id --claim a.b=X-B")
                                  .source;
  CHECK(!source.file);
  CHECK(source.flags.listen->value == "127.0.0.1:1");
  CHECK(source.flags.listen->origin == "--listen");
  CHECK(source.flags.upstream->value == "http://u");
  CHECK(source.flags.issuer->value == "https://i");
  CHECK(source.flags.audience->value == "a");
  CHECK(source.flags.jwks_file->value == "k.json");
  CHECK(source.flags.jwks_uri->value == "https://k");
  CHECK(source.flags.jwks_uri->origin == "--jwks-uri");
  REQUIRE(source.flags.claims.size() == 2);
  CHECK(source.flags.claims[0].value == "sub=X-User-Id");
  CHECK(source.flags.claims[1].value == "a.b=X-B");
  CHECK(source.flags.claims[1].origin == "--claim");
}

TEST_CASE("Each of the sidecar's values can be a variable, and a flag counts before it") {
  const Variables variables = {
      {"POSTERN_LISTEN", "127.0.0.1:1"}, {"POSTERN_UPSTREAM", "http://u"}, {"POSTERN_ISSUER", "https://i"},
      {"POSTERN_AUDIENCE", "a"},         {"POSTERN_JWKS_FILE", "k.json"},  {"POSTERN_CLAIM", "sub=X-User-Id,a=X-A"},
      {"POSTERN_JWKS_URI", "https://k"},
  };
  const ConfigSource all = parse_as<Run>("run", variables).source;
  CHECK(all.flags.listen->value == "127.0.0.1:1");
  CHECK(all.flags.listen->origin == "POSTERN_LISTEN");
  CHECK(all.flags.upstream->value == "http://u");
  CHECK(all.flags.issuer->value == "https://i");
  CHECK(all.flags.audience->value == "a");
  CHECK(all.flags.jwks_file->value == "k.json");
  CHECK(all.flags.jwks_uri->value == "https://k");
  CHECK(all.flags.jwks_uri->origin == "POSTERN_JWKS_URI");
  REQUIRE(all.flags.claims.size() == 2);
  CHECK(all.flags.claims[0].value == "sub=X-User-Id");
  CHECK(all.flags.claims[1].value == "a=X-A");
  CHECK(all.flags.claims[1].origin == "POSTERN_CLAIM");

  const ConfigSource mixed = parse_as<Run>("run --issuer https://other --claim b=X-B", variables).source;
  CHECK(mixed.flags.issuer->value == "https://other");
  CHECK(mixed.flags.issuer->origin == "--issuer");
  CHECK(mixed.flags.upstream->value == "http://u");
  REQUIRE(mixed.flags.claims.size() == 1);
  CHECK(mixed.flags.claims[0].value == "b=X-B");
}

TEST_CASE("--claim takes several with commas between them, as its variable does") {
  const ConfigSource source = parse_as<Run>("run --issuer https://i --claim sub=X-A,a.b=X-B --claim c=X-C").source;
  REQUIRE(source.flags.claims.size() == 3);
  CHECK(source.flags.claims[0].value == "sub=X-A");
  CHECK(source.flags.claims[1].value == "a.b=X-B");
  CHECK(source.flags.claims[1].origin == "--claim");
  CHECK(source.flags.claims[2].value == "c=X-C");
}

TEST_CASE("demo listens on an IP address with a port") {
  CHECK(parse_as<Demo>("demo --listen 127.0.0.1:0").options.listen == "127.0.0.1:0");
  CHECK(holds(usage_error("demo --listen 8080"), "must be an IP address with a port"));
  CHECK(holds(usage_error("demo --listen localhost:8080"), "127.0.0.1:PORT"));
}

TEST_CASE("A file and the sidecar's values exclude each other where both count the same") {
  CHECK(holds(usage_error("run -c a.yaml --issuer https://i"), "--config and --issuer exclude each other"));
  CHECK(holds(usage_error("run -c a.yaml --claim sub=X"), "--config and --claim exclude each other"));
  CHECK(holds(usage_error("run", {{"POSTERN_CONFIG", "a.yaml"}, {"POSTERN_ISSUER", "https://i"}}),
              "POSTERN_CONFIG and POSTERN_ISSUER exclude each other"));
  CHECK(parse_as<Run>("run -c a.yaml", {{"POSTERN_ISSUER", "https://i"}}).source.file == "a.yaml");
  CHECK(!parse_as<Run>("run --issuer https://i", {{"POSTERN_CONFIG", "a.yaml"}}).source.file);
}

TEST_CASE("A sidecar's admin listener is where a flag or a variable says, and neither makes a sidecar") {
  CHECK(parse_as<Run>("run --issuer https://i --admin 127.0.0.1:2").source.flags.admin->value == "127.0.0.1:2");
  const Variables variables = {{"POSTERN_ISSUER", "https://i"}, {"POSTERN_ADMIN", "off"}};
  const ConfigSource source = parse_as<Run>("run", variables).source;
  REQUIRE(source.flags.admin);
  CHECK(source.flags.admin->value == "off");
  CHECK(source.flags.admin->origin == "POSTERN_ADMIN");
  CHECK(parse_as<ConfigPrint>("config print --admin [::1]:2", variables).source.flags.admin->value == "[::1]:2");
  CHECK(holds(usage_error("run", {{"POSTERN_ADMIN", "127.0.0.1:2"}}), "no configuration"));
  CHECK(holds(usage_error("run --admin 127.0.0.1:2"), "no configuration"));
}

TEST_CASE("Beside a file --admin is refused, and POSTERN_ADMIN is for healthcheck and its like") {
  CHECK(holds(usage_error("run -c a.yaml --admin off"), "--config and --admin exclude each other"));
  CHECK(holds(usage_error("run --admin off", {{"POSTERN_CONFIG", "a.yaml"}}),
              "POSTERN_CONFIG and --admin exclude each other"));
  const Variables variables = {{"POSTERN_CONFIG", "a.yaml"}, {"POSTERN_ADMIN", "127.0.0.1:2"}};
  CHECK(parse_as<Run>("run", variables).source.file == "a.yaml");
  CHECK(parse_as<Run>("run -c b.yaml", variables).source.file == "b.yaml");
}

TEST_CASE("run without any configuration is a usage error, and an empty variable is not set") {
  CHECK(holds(usage_error("run"), "no configuration"));
  CHECK(holds(usage_error("run", {{"POSTERN_CONFIG", ""}, {"POSTERN_LISTEN", ""}}), "no configuration"));
  CHECK(holds(usage_error("validate"), "no configuration"));
  CHECK(holds(usage_error("explain TOKEN"), "no configuration"));
}

TEST_CASE("A word that is no verb is named, with the nearest verb") {
  CHECK(holds(usage_error("validte -c a.yaml"), "`validte` is no verb; did you mean `validate`?"));
  CHECK(holds(usage_error("config prnt"), "`prnt` is no verb of `config`; did you mean `print`?"));
  CHECK(holds(usage_error("users delete --file f"), "`delete` is no verb of `users`"));
  CHECK(holds(usage_error("serve"), "`serve` is no verb"));
  CHECK(holds(usage_error("serve"), "`run`"));
  CHECK(holds(usage_error("frobnicate"), "; known: `run`, `validate`"));
  CHECK(holds(usage_error("validte --log-level debug"), "`validte` is no verb"));
  CHECK(holds(usage_error("keys --json"), "A subcommand is required"));
  CHECK(holds(usage_error(""), "A subcommand is required"));
  CHECK(holds(usage_error("validate -c a.yaml more"), "more"));
}

TEST_CASE("validate wants a file, config print also takes the sidecar's flags") {
  CHECK(parse_as<Validate>("validate -c a.yaml").source.file == "a.yaml");
  CHECK(parse_as<Validate>("validate", {{"POSTERN_CONFIG", "b.yaml"}}).source.file == "b.yaml");
  CHECK(holds(usage_error("validate --issuer https://i"), "--issuer"));
  CHECK(parse_as<ConfigPrint>("config print -c a.yaml").source.file == "a.yaml");
  CHECK(parse_as<ConfigPrint>("config print --issuer https://i").source.flags.issuer->value == "https://i");
}

TEST_CASE("explain takes a request with headers, a time, and a token or standard input") {
  const auto invocation =
      parse_command_line({"explain", "-c", "a.yaml", "--request", "GET /p", "--header", "X-Env: beta", "--header",
                          "X-B: c, d", "--at", "1700000000.5", "--json", "-"},
                         environment_of({}));
  REQUIRE(invocation);
  const ExplainOptions options = std::get<Explain>(invocation->verb).options;
  CHECK(options.config_file == "a.yaml");
  CHECK(options.request == "GET /p");
  CHECK(options.headers == std::vector<std::string>{"X-Env: beta", "X-B: c, d"});
  CHECK(options.at == 1700000000.5);
  CHECK(options.json);
  CHECK(options.token == "-");
  CHECK(parse_as<Explain>("explain -c a.yaml aa.bb.cc").options.token == "aa.bb.cc");
  CHECK(!parse_as<Explain>("explain -c a.yaml aa.bb.cc").options.at);
  usage_error("explain -c a.yaml");
  usage_error("explain -c a.yaml one two");
}

TEST_CASE("A time is a finite number") {
  CHECK(parse_as<Verify>("verify --jwks k --at -1").options.at == -1);
  for (const char* time : {"nan", "inf", "1e999", "now", "1x"}) {
    CHECK_MESSAGE(holds(usage_error(std::string("verify --jwks k --at ") + time), "--at"), time);
  }
}

TEST_CASE("verify takes a key set and what the tokens shall say") {
  const VerifyOptions options =
      parse_as<Verify>("verify --jwks k.json --issuer https://i --audience a --algorithms RS256,ES256 --signature-only")
          .options;
  CHECK(options.jwks_file == "k.json");
  CHECK(options.issuer == "https://i");
  CHECK(options.audience == "a");
  CHECK(options.algorithms == std::vector<std::string>{"RS256", "ES256"});
  CHECK(options.signature_only);
  CHECK(parse_as<Verify>("verify --jwks k --algorithms RS256 --algorithms HS256").options.algorithms.size() == 2);
  CHECK(!parse_as<Verify>("verify --jwks k").options.issuer);
  CHECK(holds(usage_error("verify"), "--jwks"));
}

TEST_CASE("The admin listener is found by flag, then by variable, then by file, else at its default") {
  const Variables variables = {{"POSTERN_ADMIN", "127.0.0.1:2"}, {"POSTERN_CONFIG", "b.yaml"}};
  const auto options = [](const std::string& line, const Variables& set = {}) {
    return parse_as<Healthcheck>(line, set).options;
  };
  CHECK(options("healthcheck --admin 127.0.0.1:1 -c a.yaml", variables).admin == "127.0.0.1:1");
  CHECK(options("healthcheck -c a.yaml", variables).admin.empty());
  CHECK(options("healthcheck -c a.yaml", variables).config_file == "a.yaml");
  CHECK(options("healthcheck", variables).admin == "127.0.0.1:2");
  CHECK(options("healthcheck", {{"POSTERN_CONFIG", "b.yaml"}}).config_file == "b.yaml");
  CHECK(options("healthcheck").admin.empty());
  CHECK(options("healthcheck").config_file.empty());
  CHECK(parse_as<Reload>("reload --admin 127.0.0.1:1").options.admin == "127.0.0.1:1");
}

TEST_CASE("The verbs without options are themselves") {
  parse_as<ConfigSchema>("config schema");
  parse_as<ConfigReference>("config reference");
  parse_as<Version>("version");
  CHECK(parse_as<Demo>("demo").options.listen.empty());
  CHECK(parse_as<Demo>("demo --listen 127.0.0.1:1").options.listen == "127.0.0.1:1");
  CHECK(parse_as<CompletionScript>("completion zsh").shell == "zsh");
  usage_error("completion csh");
  usage_error("config");
}

TEST_CASE("users takes a file, and a name but for the list") {
  const UsersOptions added =
      parse_as<UsersAdd>("users add --file u.yaml ann --password-stdin --claim role=admin --claim team=a=b").options;
  CHECK(added.file == "u.yaml");
  CHECK(added.name == "ann");
  CHECK(added.password_stdin);
  CHECK(added.claims == std::vector<std::string>{"role=admin", "team=a=b"});
  CHECK_FALSE(parse_as<UsersPasswd>("users passwd ann --file u.yaml").options.password_stdin);
  CHECK(parse_as<UsersRemove>("users remove ann --file u.yaml").options.name == "ann");
  CHECK(parse_as<UsersList>("users list --file u.yaml").options.file == "u.yaml");
  usage_error("users");
  usage_error("users add ann");
  usage_error("users add --file u.yaml");
  usage_error("users add --file u.yaml ann bob");
  usage_error("users list --file u.yaml ann");
  usage_error("users remove --file u.yaml ann --claim a=b");
}

TEST_CASE("The log's level and form stand before or behind the verb, or in variables") {
  CHECK(parse("version")->log.level == "info");
  CHECK(parse("version")->log.format == "text");
  CHECK(parse("--log-level debug version")->log.level == "debug");
  CHECK(parse("config schema --log-level debug --log-format json")->log.format == "json");
  const Variables variables = {{"POSTERN_LOG_LEVEL", "warn"}, {"POSTERN_LOG_FORMAT", "json"}};
  CHECK(parse("version", variables)->log.level == "warn");
  CHECK(parse("version", variables)->log.format == "json");
  CHECK(parse("version --log-level off", variables)->log.level == "off");
  usage_error("version --log-level loud");
  CHECK(holds(usage_error("version", {{"POSTERN_LOG_LEVEL", "loud"}}), "POSTERN_LOG_LEVEL"));
  CHECK(holds(usage_error("version", {{"POSTERN_LOG_FORMAT", "xml"}}), "text|json"));
}

TEST_CASE("A flag that is none is named, with the nearest one") {
  CHECK(holds(usage_error("run --lisen 127.0.0.1:1"), "`--lisen` is no option of `run`; did you mean `--listen`?"));
  CHECK(holds(usage_error("run --claims=sub=X-A"), "`--claims` is no option of `run`; did you mean `--claim`?"));
  CHECK(holds(usage_error("tokens revoke --issue i --jti a"), "did you mean `--issuer`?"));
  CHECK(holds(usage_error("version --log-levl warn"), "did you mean `--log-level`?"));
  CHECK(holds(usage_error("demo --port 1"),
              "`--port` is no option of `demo`; known: `--help`, `--version`, `--log-level`, `--log-format`, "
              "`--listen`\n"));
}

TEST_CASE("A usage error leads to the help of the verb that was given") {
  CHECK(holds(usage_error("demo --port 1"), "Run `postern demo --help` for more information."));
  CHECK(holds(usage_error("tokens revoke --jti a"), "Run `postern tokens revoke --help` for"));
  CHECK(holds(usage_error("tokens revok"), "Run `postern tokens --help` for"));
  CHECK(holds(usage_error("validate"), "Run `postern validate --help` for"));
  CHECK(holds(usage_error("nonsense"), "Run `postern --help` for"));
  CHECK(holds(usage_error(""), "Run `postern --help` for"));
}

TEST_CASE("A file that stands where none may is offered to -c") {
  CHECK(holds(usage_error("validate g.yaml"), "`validate` takes no `g.yaml`; did you mean `-c g.yaml`?"));
  CHECK(holds(usage_error("providers check conf/g.yml"), "did you mean `-c conf/g.yml`?"));
  CHECK(holds(usage_error("run --log-level warn g.yaml"), "did you mean `-c g.yaml`?"));
  CHECK_FALSE(holds(usage_error("validate -c g.yaml h.yaml"), "did you mean"));
  CHECK_FALSE(holds(usage_error("demo g.yaml"), "did you mean"));
  CHECK_FALSE(holds(usage_error("validate nonsense"), "did you mean"));
}

TEST_CASE("What cannot be understood is a usage error on stderr") {
  usage_error("");
  usage_error("nonsense");
  usage_error("run --nonsense");
  usage_error("run -c");
  usage_error("run -c a.yaml -c b.yaml");
  usage_error("run -c a.yaml extra");
  usage_error("version run");
}

TEST_CASE("Help and version are answers, not errors") {
  for (const char* line : {"--help", "run --help", "config print --help", "--version"}) {
    const auto invocation = parse(line);
    REQUIRE_MESSAGE(!invocation, line);
    CHECK(invocation.error().exit_code == 0);
    CHECK(!invocation.error().out.empty());
    CHECK(invocation.error().err.empty());
  }
  CHECK(parse("--version").error().out == "postern " + program_version() + "\n");
  CHECK(holds(parse("--help").error().out, "healthcheck"));
}

TEST_CASE("The help of run names the log's options, and where the admin listener goes") {
  const std::string help = parse("run --help").error().out;
  for (const char* part : {"--log-level trace|debug|info|warn|error|off", "--log-format text|json", "POSTERN_LOG_LEVEL",
                           "--admin ADDRESS", "127.0.0.1:9901", "Exit codes: "}) {
    CHECK_MESSAGE(holds(help, part), help);
  }
}

TEST_CASE("The help of tokens revoke says that it is for good, that of explain how to name a host") {
  CHECK(holds(parse("tokens revoke --help").error().out, "cannot be taken back"));
  CHECK(holds(parse("explain --help").error().out, "GET https://HOST/orders/1"));
}

TEST_CASE("The help of passwd and remove says how long access tokens go on, and how they end at once") {
  for (const char* line : {"users passwd --help", "users remove --help"}) {
    const std::string help = parse(line).error().out;
    for (const char* part : {"the user's sessions end at their next refresh", "goes on until it expires",
                             "postern tokens revoke --issuer ISSUER --sub NAME --issued-before $(date +%s)"}) {
      CHECK_MESSAGE(holds(help, part), help);
    }
  }
}

TEST_CASE("The help of what asks a running gateway says what the file is read for") {
  for (const char* line : {"reload", "healthcheck", "tokens revoke", "keys list", "keys rotate"}) {
    CHECK_MESSAGE(holds(parse(std::string(line) + " --help").error().out, "read for `admin.address` alone"), line);
  }
  CHECK_FALSE(holds(parse("validate --help").error().out, "admin.address"));
}

TEST_CASE("tokens revoke names one token, session, subject or key, or an instant, of an issuer") {
  const auto text = [](const std::string& flags) {
    return parse_as<TokensRevoke>("tokens revoke --issuer https://i " + flags).options.revocation;
  };
  CHECK(text("--jti a") == R"({"jti":"a","issuer":"https://i"})");
  CHECK(text("--sid a --until 1700000000.25") == R"({"sid":"a","issuer":"https://i","until":1700000000.250})");
  CHECK(text("--sub a --issued-before 5") == R"({"sub":"a","issuer":"https://i","issued_before":5.000})");
  CHECK(text("--kid a") == R"({"kid":"a","issuer":"https://i"})");
  CHECK(text("--issued-before 5") == R"({"issuer":"https://i","issued_before":5.000})");
  CHECK(parse_as<TokensRevoke>("tokens revoke --issuer i --jti a --admin [::1]:1").options.admin.admin == "[::1]:1");
  CHECK(parse_as<TokensRevoke>("tokens revoke --issuer i --jti a -c f").options.admin.config_file == "f");
}

TEST_CASE("a tokens revoke that says too little or too much is a usage error") {
  CHECK(holds(usage_error("tokens revoke --issuer i"), "one of `jti`, `sid`, `sub`, `kid` and `issued_before`"));
  CHECK(holds(usage_error("tokens revoke --jti a"), "--issuer"));
  CHECK(holds(usage_error("tokens revoke --issuer i --jti a --sub b"), "only one of"));
  CHECK(holds(usage_error("tokens revoke --issuer i --kid a --issued-before 5"), "stands alone or beside `sub`"));
  CHECK(holds(usage_error("tokens revoke --issuer i --jti a --until soon"), "must be a Unix time"));
  CHECK(holds(usage_error("tokens revoke --issuer i --jti a --until 1e300"), "must be a time in seconds"));
  usage_error("tokens");
}

}  // namespace postern::cli
