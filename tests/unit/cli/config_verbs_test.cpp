#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/config.hpp"
#include "cli/validate.hpp"
#include "gateway/server.hpp"

using namespace postern;
using namespace postern::cli;

namespace {

const conf::Environment no_environment = [](const std::string&) { return std::optional<std::string>(); };

ConfigSource example(const std::string& name) {
  ConfigSource source;
  source.file = std::string(POSTERN_SOURCE_DIR) + "/conf/examples/" + name;
  return source;
}

ConfigSource flags() {
  ConfigSource source;
  source.flags.listen = {"127.0.0.1:8080", "--listen"};
  source.flags.upstream = {"http://127.0.0.1:9000", "--upstream"};
  source.flags.issuer = {"https://id.example.com", "--issuer"};
  source.flags.audience = {"orders-api", "--audience"};
  source.flags.jwks_file = {"k.json", "--jwks-file"};
  return source;
}

// A configuration file of the test's own.
class TemporaryConfig {
 public:
  explicit TemporaryConfig(std::string_view text)
      : path_((std::filesystem::temp_directory_path() / ("postern_verbs_" + std::to_string(++count) + ".yaml"))
                  .string()) {
    std::ofstream(path_) << text;
  }
  ~TemporaryConfig() { std::remove(path_.c_str()); }
  TemporaryConfig(const TemporaryConfig&) = delete;
  TemporaryConfig& operator=(const TemporaryConfig&) = delete;
  const std::string& path() const { return path_; }
  ConfigSource source() const { return {path_, {}}; }

 private:
  static inline int count = 0;
  std::string path_;
};

}  // namespace

TEST_CASE("config schema and config reference print what the configuration knows") {
  std::ostringstream schema, reference;
  CHECK(run_config_schema(schema) == exit_ok);
  CHECK(schema.str() == conf::json_schema());
  CHECK(run_config_reference(reference) == exit_ok);
  CHECK(reference.str() == conf::reference_markdown());
}

TEST_CASE("config print prints the file that flags stand for") {
  std::ostringstream out, err;
  CHECK(run_config_print(flags(), no_environment, out, err) == exit_ok);
  CHECK(err.str().empty());
  CHECK(out.str().find("issuer:\n      - https://id.example.com\n") != std::string::npos);
  TemporaryConfig printed(out.str());
  std::ostringstream again;
  CHECK(run_config_print(printed.source(), no_environment, again, err) == exit_ok);
  CHECK(again.str() == out.str());
}

TEST_CASE("config print tells every problem and prints nothing") {
  TemporaryConfig config("listeners: []\nroutes: []\n");
  std::ostringstream out, err;
  CHECK(run_config_print(config.source(), no_environment, out, err) == exit_bad_config);
  CHECK(out.str().empty());
  CHECK(err.str() ==
        config.path() + ":1:1: listeners: must not be empty\n" + config.path() + ":2:1: routes: must not be empty\n");
}

TEST_CASE("validate prints the route table with each route's policy") {
  std::ostringstream out, err;
  CHECK(run_validate(example("minimal.yaml"), no_environment, nullptr, out, err) == exit_ok);
  CHECK(err.str().empty());
  CHECK(out.str() ==
        "ROUTE   MATCH                  TARGET  POLICY\n"
        "orders  /orders and /orders/*  orders  jwt: shop; scopes: orders:read\n"
        "health  /healthz               orders  public\n");
}

TEST_CASE("the route table names matches, targets, rules and observed routes") {
  TemporaryConfig config(R"(
listeners: [{address: "127.0.0.1:8080"}]
providers: {a: {issuer: a, audiences: any, jwks_file: k}, b: {issuer: b, audiences: any, jwks_file: k}}
upstreams: {u: {endpoints: [http://a]}}
routes:
  - name: full
    match: {host: [x.example, "*.y.example"], path_template: "/u/{id}", methods: [GET, PUT], headers: {X-A: "1", X-B: {present: false}, X-C: {matches: z+}}}
    upstream: u
    observe: true
    jwt:
      providers: [a, b]
      scopes: [r, w]
      scope_match: any
      required_claims: [sub]
      claims:
        - {claim: [c, d.e], equals: true}
        - {claim: f, one_of: [1, x]}
        - {claim: g, contains: admin}
        - {claim: h, matches: i.*}
  - {name: maybe, match: {path_prefix: /m}, upstream: u, jwt: {providers: a, optional: true, scopes: [r, w]}}
  - {name: below, match: {path_prefix: /b/}, upstream: u, public: true}
  - {name: answer, match: {path: /a}, public: true, direct_response: {status: 204}}
  - {name: moved, public: true, redirect: {to: /a, status: 308}}
)");
  std::ostringstream out, err;
  CHECK(run_validate(config.source(), no_environment, nullptr, out, err) == exit_ok);
  CHECK(err.str().empty());
  const std::string match = "GET,PUT x.example,*.y.example/u/{id} [X-A=1] [no X-B] [X-C~z+]";
  const auto cell = [&](std::string text) { return text.append(match.size() + 2 - text.size(), ' '); };
  CHECK(
      out.str() ==
      "ROUTE   " + cell("MATCH") + "TARGET       POLICY\n" + "full    " + cell(match) +
          "u            jwt: a, b; scopes: r or w; has sub; [c, d.e] = true; f one of 1, \"x\"; g contains \"admin\"; "
          "h matches i.* (observe: every request passes)\n" +
          "maybe   " + cell("/m and /m/*") + "u            jwt if any: a; scopes: r and w\n" +  //
          "below   " + cell("/b/*") + "u            public\n" +                                 //
          "answer  " + cell("/a") + "answers 204  public\n" +                                   //
          "moved   " + cell("/*") + "308 to /a    public\n");
}

TEST_CASE("validate tells every problem with its place and prints no table") {
  TemporaryConfig config("listeners:\n  - address: 8080\nroutes:\n  - name: r\n    upstream: u\n");
  std::ostringstream out, err;
  CHECK(run_validate(config.source(), no_environment, nullptr, out, err) == exit_bad_config);
  CHECK(out.str().empty());
  const std::string at = config.path();
  CHECK(err.str() ==
        at + ":2:14: listeners[0].address: must be an IP address with a port, such as `0.0.0.0:8080` or `[::]:8080`\n" +
            at +
            ":4:5: routes[0]: needs `jwt` or `public`: nothing is open by default: `jwt` asks for a token, `public: "
            "true` "
            "says that everybody may pass\n" +
            at + ":5:15: routes[0].upstream: there is no upstream `u`\n");
}

const char* const with_key_file =
    "listeners: [{address: \"127.0.0.1:8080\"}]\n"
    "providers: {shop: {issuer: a, audiences: b, jwks_file: k.json}}\n"
    "routes: [{name: r, jwt: {providers: shop}, redirect: {to: /a}}]\n";

TEST_CASE("the deeper check runs whether the text is right or not, its problems have their places") {
  std::ostringstream out, err;
  auto no_key = [](const conf::Config&, conf::Problems& problems) {
    problems.add("providers.shop.jwks_file[0]", "has no usable key");
  };
  TemporaryConfig config(with_key_file);
  CHECK(run_validate(config.source(), no_environment, no_key, out, err) == exit_bad_config);
  CHECK(err.str() == config.path() + ":2:56: providers.shop.jwks_file[0]: has no usable key\n");

  std::string seen;
  auto note = [&](const conf::Config&, conf::Problems& problems) {
    for (const conf::Problem& problem : problems.errors()) seen += problem.path + " ";
  };
  TemporaryConfig bad("routes: []\n");
  CHECK(run_validate(bad.source(), no_environment, note, out, err) == exit_bad_config);
  CHECK(seen == "routes listeners ");
}

TEST_CASE("warnings are told and stop nothing") {
  std::ostringstream out, err;
  auto skipped = [](const conf::Config&, conf::Problems& problems) {
    problems.warn("providers.shop.jwks_file", "a key was skipped");
  };
  TemporaryConfig config(with_key_file);
  CHECK(run_validate(config.source(), no_environment, skipped, out, err) == exit_ok);
  CHECK(err.str() == "warning: " + config.path() + ":2:56: providers.shop.jwks_file: a key was skipped\n");
  CHECK_FALSE(out.str().empty());
}

TEST_CASE("a file that is not there is a bad configuration") {
  std::ostringstream out, err;
  ConfigSource source;
  source.file = "no/such.yaml";
  CHECK(run_validate(source, no_environment, nullptr, out, err) == exit_bad_config);
  CHECK(err.str() == "no/such.yaml: configuration: cannot read no/such.yaml: No such file or directory\n");
}
