// What the loader tells, with exact places.
#include "conf/load.hpp"

#include "sample.hpp"

using namespace postern::conf;

namespace {

constexpr std::string_view good = R"(listeners:
  - address: 127.0.0.1:8080
providers:
  shop:
    issuer: https://id.example.com
    audiences: [a]
    jwks_file: keys/k.json
upstreams:
  orders:
    endpoints: [http://127.0.0.1:9000]
routes:
  - name: r
    match: {path: /x}
    upstream: orders
    jwt: {providers: [shop]}
)";

// `good` with one text exchanged.
std::string with(std::string_view from, std::string_view to) {
  std::string text(good);
  std::size_t at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a right file fills the configuration, defaults where it says nothing") {
  Loaded loaded = load(good);
  CHECK(lines_of(loaded.problems) == Lines{});
  const Config& config = loaded.config;
  REQUIRE(config.listeners.size() == 1);
  CHECK(config.listeners[0].address == "127.0.0.1:8080");
  CHECK(config.admin.address == "127.0.0.1:9901");
  CHECK(config.workers == 0);
  CHECK(config.access_log == "stdout");
  CHECK(config.access_log_file.empty());
  const Provider& shop = config.providers.at("shop");
  CHECK(shop.issuer.names == Lines{"https://id.example.com"});
  CHECK(shop.audiences.names == Lines{"a"});
  REQUIRE(shop.jwks_file.size() == 1);
  CHECK(shop.jwks_file[0].written == "keys/k.json");
  CHECK(shop.leeway == std::chrono::seconds(60));
  CHECK(config.routes.at(0).jwt->providers == Lines{"shop"});
}

TEST_CASE("relative files start at the configuration file's folder") {
  Loaded loaded =
      load_yaml(with("keys/k.json", "[k.json, ../k.json, /k.json]"), "etc/postern/c.yaml", environment_of({}));
  const auto& files = loaded.config.providers.at("shop").jwks_file;
  REQUIRE(files.size() == 3);
  CHECK(files[0].resolved == "etc/postern/k.json");
  CHECK(files[1].resolved == "etc/postern/../k.json");
  CHECK(files[2].resolved == "/k.json");
}

TEST_CASE("the folder of kept keys need not exist, and starts at the configuration file's folder") {
  Loaded loaded =
      load_yaml(std::string(good) + "key_cache_dir: no/such\nready_when: any\n", "etc/c.yaml", environment_of({}));
  CHECK(lines_of(loaded.problems) == Lines{});
  CHECK(loaded.config.key_cache_dir == FilePath{"no/such", "etc/no/such"});
  CHECK(loaded.config.ready_when == ReadyWhen::any);
  CHECK(load(good).config.key_cache_dir.empty());
  CHECK(load(good).config.ready_when == ReadyWhen::all);
  CHECK(complaints(std::string(good) + "key_cache_dir: [a]\nready_when: some\n") ==
        Lines{"key_cache_dir: expected a folder's name, got a list", "ready_when: must be `any`, `all` or `none`"});
}

TEST_CASE("the access log may be a file") {
  Loaded loaded = load_yaml(std::string(good) + "access_log: logs/a.log\n", "etc/c.yaml", environment_of({}));
  CHECK(loaded.config.access_log_file.written == "logs/a.log");
  CHECK(loaded.config.access_log_file.resolved == "etc/logs/a.log");
  CHECK(load(std::string(good) + "access_log: off\n").config.access_log_file.empty());
}

TEST_CASE("an unknown key is told at its place, with the key that may be meant") {
  CHECK(errors(with("issuer:", "isuer:")) ==
        Lines{"c.yaml:5:5: providers.shop.isuer: unknown key; did you mean `issuer`?"});
  CHECK(errors(with("{path: /x}", "{path: /x, zebra: 1}")) ==
        Lines{"c.yaml:13:23: routes[0].match.zebra: unknown key; known: `host`, `path`, `path_prefix`, "
              "`path_template`, `methods`, "
              "`headers`"});
}

TEST_CASE("a misspelt key causes no second error about what it meant") {
  CHECK(errors(with("jwt:", "jwtt:")) == Lines{"c.yaml:15:5: routes[0].jwtt: unknown key; did you mean `jwt`?"});
  CHECK(errors(with("upstream: orders", "upstraem: orders")) ==
        Lines{"c.yaml:14:5: routes[0].upstraem: unknown key; did you mean `upstream`?"});
}

TEST_CASE("a value of the wrong kind is told at its place") {
  CHECK(errors(with("{path: /x}", "/x")) == Lines{"c.yaml:13:12: routes[0].match: expected a map, got a single value"});
  CHECK(errors(with("{path: /x}", "[/x]")) == Lines{"c.yaml:13:5: routes[0].match: expected a map, got a list"});
  CHECK(errors(with("[a]", "{a: b}")) ==
        Lines{"c.yaml:6:5: providers.shop.audiences: expected `any`, a text, or a list of texts, got a map"});
  CHECK(errors(with("path: /x", "path: [/x]")) ==
        Lines{"c.yaml:13:13: routes[0].match.path: expected a path, got a list"});
  CHECK(errors(with("[http://127.0.0.1:9000]", "[[a]]")) ==
        Lines{"c.yaml:10:17: upstreams.orders.endpoints[0]: expected a URL, got a list"});
}

TEST_CASE("a value left out is told at its key") {
  CHECK(errors(with("{path: /x}", "")) == Lines{"c.yaml:13:5: routes[0].match: has no value; expected a map"});
  CHECK(errors(with("name: r", "name:")) == Lines{"c.yaml:12:5: routes[0].name: has no value; expected a name"});
  CHECK(errors(with("[a]", "~")) ==
        Lines{"c.yaml:6:5: providers.shop.audiences: has no value; expected `any`, a text, or a list of texts"});
}

TEST_CASE("a member that is missing is told at its record") {
  CHECK(errors(with("  - name: r\n    match", "  - match")) == Lines{"c.yaml:12:5: routes[0].name: is required"});
  CHECK(errors(with("    audiences: [a]\n", "")) == Lines{"c.yaml:4:3: providers.shop.audiences: is required"});
}

TEST_CASE("all errors are told at once, in the order of the file") {
  std::string text = with("127.0.0.1:8080", "8080");
  text.replace(text.find("issuer:"), 7, "isuer:");
  text.replace(text.find("/x"), 2, "x");
  text.replace(text.find("[shop]"), 6, "[shpo]");
  text += "workers: 1025\nobserve: yes\n";
  CHECK(
      errors(text) ==
      Lines{
          "c.yaml:2:14: listeners[0].address: must be an IP address with a port, such as `0.0.0.0:8080` or `[::]:8080`",
          "c.yaml:5:5: providers.shop.isuer: unknown key; did you mean `issuer`?",
          "c.yaml:13:19: routes[0].match.path: must begin with `/`",
          "c.yaml:15:23: routes[0].jwt.providers[0]: there is no provider `shpo`; did you mean `shop`?",
          "c.yaml:16:10: workers: must be at most 1024", "c.yaml:17:10: observe: expected `true` or `false`"});
}

TEST_CASE("duplicate keys are told beside other errors") {
  CHECK(errors(std::string(good) + "workers: 1\nworkers: 2\nobserve: 1\n") ==
        Lines{"c.yaml:17:1: workers: is given twice; the first is at line 16",
              "c.yaml:18:10: observe: expected `true` or `false`"});
}

TEST_CASE("numbers are plain, without leading zeros") {
  auto workers = [](std::string value) { return errors(std::string(good) + "workers: " + value + "\n"); };
  CHECK(workers("8") == Lines{});
  CHECK(workers("auto") == Lines{});
  CHECK(workers("010") ==
        Lines{"c.yaml:16:10: workers: expected a whole number or `auto`, without sign and leading zeros"});
  CHECK(workers("0x8") == workers("010"));
  CHECK(workers("8.0") == workers("010"));
  CHECK(workers("-1") == workers("010"));
  CHECK(workers("\"8\"") == Lines{"c.yaml:16:10: workers: expected a whole number or `auto`, without quotes"});
  CHECK(workers("4294967296") == Lines{"c.yaml:16:10: workers: is too large"});
  CHECK(workers("0") == Lines{"c.yaml:16:10: workers: must be at least 1"});
}

TEST_CASE("booleans are true and false, without quotes") {
  auto observe = [](std::string value) { return errors(std::string(good) + "observe: " + value + "\n"); };
  CHECK(observe("true") == Lines{});
  CHECK(observe("True") == Lines{"c.yaml:16:10: observe: expected `true` or `false`"});
  CHECK(observe("on") == observe("True"));
  CHECK(observe("'true'") == Lines{"c.yaml:16:10: observe: expected `true` or `false`, without quotes"});
}

TEST_CASE("a text that looks like a number or boolean is a text where a text belongs") {
  Loaded loaded = load(with("[a]", "[123456789012, true, 1.50, ~x]"));
  CHECK(lines_of(loaded.problems) == Lines{});
  CHECK(loaded.config.providers.at("shop").audiences.names == Lines{"123456789012", "true", "1.50", "~x"});
}

TEST_CASE("an empty text is refused where a text is needed") {
  CHECK(errors(with("name: r", "name: ''")) == Lines{"c.yaml:12:11: routes[0].name: must not be empty"});
  CHECK(errors(with("[a]", "['']")) == Lines{"c.yaml:6:17: providers.shop.audiences[0]: must not be empty"});
}

TEST_CASE("lists that say nothing are refused") {
  CHECK(errors(with("[a]", "[]")) == Lines{"c.yaml:6:5: providers.shop.audiences: must not be empty"});
  CHECK(errors(with("[shop]", "[]")) == Lines{"c.yaml:15:11: routes[0].jwt.providers: must not be empty"});
}

TEST_CASE("an empty file says what is missing") {
  CHECK(errors("") == Lines{"c.yaml:1:1: configuration: has no value; expected a map",
                            "c.yaml:1:1: listeners: is required", "c.yaml:1:1: routes: is required"});
  CHECK(errors("a: [").size() == 1);
}

TEST_CASE("a word outside of its list is refused with the list") {
  CHECK(errors(with("[a]", "[a]\n    audience_match: some")) ==
        Lines{"c.yaml:7:21: providers.shop.audience_match: must be `any` or `all`"});
  Sample sample;
  sample.listener += ", tls: {certificates: [{certificate_file: c, key_file: k}], min_version: 1.1}";
  CHECK(complaints(sample) == Lines{"listeners[0].tls.min_version: must be `1.2` or `1.3`"});
  sample.listener.replace(sample.listener.find("1.1}"), 3, "1.3");
  CHECK(config_of(sample).listeners[0].tls->min_version == "1.3");
}

TEST_CASE("a pattern that does not compile is refused with the reason") {
  Sample sample;
  sample.match = "headers: {X: {matches: '('}}";
  CHECK(complaints(sample) == Lines{"routes[0].match.headers.X.matches: is not a pattern in RE2 syntax: missing ): ("});
}

TEST_CASE("keys of maps have a form too") {
  Sample sample;
  sample.match = "path: /, headers: {X Y: a}";
  CHECK(complaints(sample) == Lines{"routes[0].match.headers[\"X Y\"]: the key is not a header name: letters, digits "
                                    "and any of !#$%&'*+-.^_`|~"});
}

TEST_CASE("ten thousand routes load") {
  std::string text = std::string(good.substr(0, good.find("routes:"))) + "routes:\n";
  for (int i = 0; i < 10'000; ++i) {
    std::string n = std::to_string(i);
    text += "  - {name: r" + n + ", match: {path_prefix: /p" + n + "}, upstream: orders, jwt: {providers: [shop]}}\n";
  }
  Loaded loaded = load(text);
  CHECK(lines_of(loaded.problems) == Lines{});
  CHECK(loaded.config.routes.size() == 10'000);
}

TEST_CASE("a file that is not there is an error with its reason") {
  Loaded loaded = load_file("no/such/file.yaml", environment_of({}));
  CHECK(lines_of(loaded.problems) ==
        Lines{"no/such/file.yaml: configuration: cannot read no/such/file.yaml: No such file or directory"});
}
