#include "cli/command_line_app.hpp"

#include <cmath>
#include <cstdlib>

#include "cli/command_line.hpp"
#include "conf/address.hpp"

namespace postern::cli {
namespace {

constexpr const char* footer =
    "Exit codes: 0 success; 1 refused, or not well; 2 the command line is wrong; 69 cannot bind; 78 the configuration "
    "is\n"
    "wrong. Every option of `run` can be set by a variable: POSTERN_CONFIG, POSTERN_LISTEN, POSTERN_LOG_LEVEL and so "
    "on.";

void restrict_to(CLI::Option* option, const std::vector<std::string>& choices) {
  option->check(CLI::IsMember(choices).description(""))->type_name(alternatives(choices));
}

// Unix seconds. CLI11 would also take `nan` and `inf`.
void add_time_option(CLI::App& verb, const char* name, const char* help, std::optional<double>& target) {
  verb.add_option(name, target, help)->type_name("UNIX")->check([](const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    return *end == '\0' && std::isfinite(value) ? "" : "must be a Unix time in seconds";
  });
}

void add_file_option(CLI::App& verb, Given& given, const char* help = "The configuration file (POSTERN_CONFIG)") {
  verb.add_option("-c,--config", given.source.config_file, help)->type_name("FILE");
}

// A file, or the sidecar's values.
void add_source_options(CLI::App& verb, Given& given) {
  SourceFlags& source = given.source;
  const char* const group = "One service without a file";
  add_file_option(verb, given);
  verb.add_option("--listen", source.listen, "Where to listen")->type_name("ADDRESS")->group(group);
  verb.add_option("--upstream", source.upstream, "The service")->type_name("URL")->group(group);
  verb.add_option("--issuer", source.issuer, "The tokens' `iss`")->type_name("URL")->group(group);
  verb.add_option("--audience", source.audience, "The tokens' `aud`")->type_name("NAME")->group(group);
  verb.add_option("--jwks-file", source.jwks_file, "The issuer's keys; without it they are fetched")
      ->type_name("FILE")
      ->group(group);
  verb.add_option("--jwks-uri", source.jwks_uri, "Where they are fetched; without it the issuer's metadata says so")
      ->type_name("URL")
      ->group(group);
  verb.add_option("--claim", source.claims,
                  "Claims and the headers that carry them: sub=X-User-Id,email=X-Email; repeatable (POSTERN_CLAIM)")
      ->type_name("CLAIM=HEADER")
      ->allow_extra_args(false)
      ->group(group);
  verb.add_option("--admin", source.admin, "Where the admin listener is, or `off`; default: 127.0.0.1:9901")
      ->type_name("ADDRESS")
      ->group(group);
}

void add_admin_options(CLI::App& verb, Given& given) {
  verb.add_option("--admin", given.source.admin, "The admin listener (POSTERN_ADMIN); default: 127.0.0.1:9901")
      ->type_name("ADDRESS");
  add_file_option(verb, given, "The configuration file, read for `admin.address` alone (POSTERN_CONFIG)");
}

void add_log_options(CLI::App& app, Given& given) {
  restrict_to(app.add_option("--log-level", given.log_level, "How much is logged on stderr (POSTERN_LOG_LEVEL)"),
              log_levels());
  restrict_to(app.add_option("--log-format", given.log_format, "The form of that log (POSTERN_LOG_FORMAT)"),
              log_formats());
}

// CLI11 shows the program's own options in no verb's help.
std::string run_footer() {
  return "Here too, as with every verb: --log-level " + alternatives(log_levels()) + " (POSTERN_LOG_LEVEL),\n" +
         "--log-format " + alternatives(log_formats()) + " (POSTERN_LOG_FORMAT), for the log on stderr.\n\n" + footer;
}

void add_gateway_verbs(CLI::App& app, Given& given) {
  CLI::App* const run = app.add_subcommand("run", "Run the gateway");
  run->footer(run_footer());
  add_source_options(*run, given);
  add_file_option(*app.add_subcommand("validate", "Tell all that is wrong with a configuration, or list its routes"),
                  given);
  CLI::App* const demo =
      app.add_subcommand("demo", "Try it: a key pair, two users, a sample upstream, the gateway, and lines to paste");
  demo->add_option("--listen", given.demo.listen,
                   "Where to listen; default: 127.0.0.1:8080, or any port if it is taken")
      ->type_name("ADDRESS")
      ->check([](const std::string& text) {
        const auto address = conf::parse_listen_address(text);
        return address ? std::string() : address.error();
      });
}

void add_explain(CLI::App& app, Given& given) {
  CLI::App* const explain = app.add_subcommand("explain", "Show every check of a token on a route");
  add_file_option(*explain, given);
  explain
      ->add_option("--request", given.explain.request,
                   "The request: \"GET /orders/1\", or with a host \"GET https://HOST/orders/1\"; default: the first "
                   "route with jwt")
      ->type_name("REQUEST");
  explain
      ->add_option("--header", given.explain.headers,
                   "A header of that request, which a route may have a condition on: \"X-Env: beta\"; repeatable")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  add_time_option(*explain, "--at", "The time to judge at; default: now", given.explain.at);
  explain->add_flag("--json", given.explain.json, "Print JSON");
  explain->add_option("TOKEN", given.explain.token, "The token; `-`: the first line of standard input")
      ->required()
      ->type_name("");
}

void add_verify(CLI::App& app, Given& given) {
  VerifyOptions& options = given.verify;
  CLI::App* const verify = app.add_subcommand("verify", "Judge tokens from standard input, one a line, by a key set");
  verify->add_option("--jwks", options.jwks_file, "The key set, or one JWK")->required()->type_name("FILE");
  verify->add_option("--issuer", options.issuer, "The `iss` to ask for")->type_name("URL");
  verify->add_option("--audience", options.audience, "The `aud` to ask for")->type_name("NAME");
  verify->add_option("--algorithms", options.algorithms, "The `alg` values to accept: RS256,ES256")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIST");
  add_time_option(*verify, "--at", "The time to judge at; default: now", options.at);
  verify->add_flag("--signature-only", options.signature_only, "Judge the signature alone, whatever the payload");
}

void add_config_verbs(CLI::App& app, Given& given) {
  CLI::App* const config = app.add_subcommand("config", "The configuration file: schema, reference, effective values");
  config->require_subcommand(1);
  config->add_subcommand("schema", "Print the JSON Schema of the file");
  add_source_options(*config->add_subcommand("print", "Print the effective configuration, secrets redacted"), given);
  config->add_subcommand("reference", "Print the reference in Markdown");
}

void add_provider_verbs(CLI::App& app, Given& given) {
  CLI::App* const providers = app.add_subcommand("providers", "The issuers of tokens");
  providers->require_subcommand(1);
  add_file_option(*providers->add_subcommand("check", "Fetch each provider's keys once, and tell every step"), given);
}

CLI::App& add_users_verb(CLI::App& users, Given& given, const char* name, const char* help, bool takes_name) {
  CLI::App* const verb = users.add_subcommand(name, help);
  verb->add_option("--file", given.users.file, "The user file")->required()->type_name("FILE");
  if (takes_name) verb->add_option("NAME", given.users.name, "The user")->required()->type_name("");
  return *verb;
}

// For a verb that ends a user's sessions.
std::string sessions_footer() {
  const std::string note =
      "An access token goes on until it expires. To end the user's at once (NAME, or the user's claim `sub`):\n"
      "  postern tokens revoke --issuer ISSUER --sub NAME --issued-before $(date +%s)\n\n";
  return note + footer;
}

void add_password_option(CLI::App& verb, Given& given) {
  verb.add_flag("--password-stdin", given.users.password_stdin,
                "Read the password from standard input; without it the terminal asks");
}

void add_users_verbs(CLI::App& app, Given& given) {
  CLI::App* const users = app.add_subcommand("users", "The user file of the token service");
  users->require_subcommand(1);
  CLI::App& add = add_users_verb(*users, given, "add", "Add a user; makes the file if there is none", true);
  add_password_option(add, given);
  add.add_option("--claim", given.users.claims, "A claim that the user's tokens may carry: role=admin; repeatable")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  CLI::App& passwd =
      add_users_verb(*users, given, "passwd", "Change a password; the user's sessions end at their next refresh", true);
  add_password_option(passwd, given);
  passwd.footer(sessions_footer());
  add_users_verb(*users, given, "remove", "Remove a user; the user's sessions end at their next refresh", true)
      .footer(sessions_footer());
  add_users_verb(*users, given, "list", "List the users with their claims", false);
}

void add_admin_verbs(CLI::App& app, Given& given) {
  add_admin_options(*app.add_subcommand("healthcheck", "Ask a running gateway whether it is ready"), given);
  add_admin_options(*app.add_subcommand("reload", "Have a running gateway read its configuration again"), given);
}

void add_token_verbs(CLI::App& app, Given& given) {
  RevokeFlags& revoke = given.revoke;
  CLI::App* const tokens =
      app.add_subcommand("tokens", "Tokens, for a running gateway with `revocations` or a token service");
  tokens->require_subcommand(1);
  CLI::App* const verb =
      tokens->add_subcommand("revoke", "Have tokens of an issuer refused from now on; this cannot be taken back");
  const char* const group = "What is revoked: one of these, or --issued-before alone";
  verb->add_option("--jti", revoke.jti, "One token")->type_name("VALUE")->group(group);
  verb->add_option("--sid", revoke.sid, "A session")->type_name("VALUE")->group(group);
  verb->add_option("--sub", revoke.sub, "A subject")->type_name("VALUE")->group(group);
  verb->add_option("--kid", revoke.kid, "What a key has signed")->type_name("VALUE")->group(group);
  verb->add_option("--issuer", revoke.issuer, "The tokens' `iss`")->required()->type_name("URL");
  add_time_option(*verb, "--issued-before", "Those whose `iat` is earlier; alone, or beside --sub",
                  revoke.issued_before);
  add_time_option(*verb, "--until",
                  "When all of them have expired; default: a day from now, or as the token service knows of its own",
                  revoke.until);
  add_admin_options(*verb, given);
}

void add_keys_verb(CLI::App& keys, Given& given, const char* name, const char* help) {
  CLI::App* const verb = keys.add_subcommand(name, help);
  verb->add_flag("--json", given.keys_json, "Print JSON");
  add_admin_options(*verb, given);
}

void add_keys_verbs(CLI::App& app, Given& given) {
  CLI::App* const keys = app.add_subcommand("keys", "Signing keys, for a running gateway with a token service");
  keys->require_subcommand(1);
  add_keys_verb(*keys, given, "list", "List the signing keys with their phases and times");
  add_keys_verb(*keys, given, "rotate", "Have another key sign at once, and list them");
}

void add_program_verbs(CLI::App& app, Given& given) {
  CLI::App* const completion = app.add_subcommand("completion", "Print the completion script of a shell");
  restrict_to(completion->add_option("SHELL", given.shell, "The shell")->required(), {"bash", "zsh", "fish"});
  app.add_subcommand("version", "Print the version");
}

}  // namespace

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> levels = {"trace", "debug", "info", "warn", "error", "off"};
  return levels;
}

const std::vector<std::string>& log_formats() {
  static const std::vector<std::string> formats = {"text", "json"};
  return formats;
}

std::string alternatives(const std::vector<std::string>& choices) {
  return CLI::detail::join(choices, "|");
}

std::unique_ptr<CLI::App> make_app(Given& given) {
  auto app = std::make_unique<CLI::App>(
      "postern validates the Bearer JWT of every request and forwards the verified claims as headers.", "postern");
  app->require_subcommand(1);
  app->fallthrough();  // --log-level may stand behind the verb
  app->footer(footer);
  app->set_version_flag("--version", "postern " + program_version(), "Print the version");
  add_log_options(*app, given);
  add_gateway_verbs(*app, given);
  add_explain(*app, given);
  add_verify(*app, given);
  add_config_verbs(*app, given);
  add_provider_verbs(*app, given);
  add_users_verbs(*app, given);
  add_admin_verbs(*app, given);
  add_token_verbs(*app, given);
  add_keys_verbs(*app, given);
  add_program_verbs(*app, given);
  return app;
}

}  // namespace postern::cli
