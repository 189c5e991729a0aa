#include "cli/explain.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>

#include "base/json.hpp"
#include "base/temporary_folder.hpp"
#include "tests/unit/jose/mint.hpp"

using namespace postern;

namespace {

constexpr std::string_view config_text = R"(listeners:
  - address: 127.0.0.1:0
providers:
  shop:
    issuer: https://id.example.com
    audiences: [orders-api]
    jwks_file: keys.json
upstreams:
  orders:
    endpoints: [http://127.0.0.1:9000]
routes:
  - name: health
    match: {path: /healthz}
    upstream: orders
    public: true
  - name: orders
    match: {path_prefix: /orders}
    upstream: orders
    jwt: {providers: [shop], scopes: ["orders:read"]}
    claim_headers: {sub: X-User-Id, roles: X-Roles}
  - name: beta
    match: {path_prefix: /orders, headers: {X-Env: beta}}
    upstream: orders
    public: true
  - name: admin
    match: {host: admin.example.com, path_prefix: /}
    upstream: orders
    jwt: {providers: [shop], scopes: [admin]}
)";

// A folder with a configuration and the key of its provider.
class Folder {
 public:
  Folder() {
    write("postern.yaml", std::string(config_text));
    write("keys.json", mint::jwks({mint::jwk(mint::shared_key("ES256"))}));
  }
  void write(const std::string& name, const std::string& bytes) const { folder_.write(name, bytes); }
  std::string config() const { return folder_.path_of("postern.yaml"); }

 private:
  TemporaryFolder folder_{"postern-explain-"};
};

std::string token(std::string_view more) {
  return mint::sign(mint::shared_key("ES256"), R"({"iss":"https://id.example.com","aud":"orders-api","sub":"alice",)"
                                               R"("exp":1700000400)" +
                                                   std::string(more) + "}");
}
const std::string& good_token() {
  static const std::string text = token(R"(,"scope":"orders:read","roles":["a","b"])");
  return text;
}

struct Explained {
  int code = 0;
  std::string out, err;
  bool tells(std::string_view text) const { return out.find(text) != std::string::npos; }
};

Explained explain(const Folder& folder, const std::string& text, const std::string& request = {}, bool json = false,
                const std::string& input = {}) {
  cli::ExplainOptions options;
  options.config_file = folder.config();
  options.request = request;
  options.at = 1'700'000'000;
  options.json = json;
  options.token = text;
  std::istringstream in(input);
  std::ostringstream out, err;
  const int code = cli::run_explain(options, in, out, err);
  return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("an accepted token is explained with its key and the headers it would become") {
  const Folder folder;
  const Explained outcome = explain(folder, good_token());
  CHECK(outcome.err == "");
  CHECK(outcome.code == 0);
  CHECK(outcome.tells("route: orders\n"));
  CHECK(outcome.tells("provider: shop\n"));
  CHECK(outcome.tells("key: k1\n"));
  CHECK(outcome.tells("  X-User-Id: alice\n"));
  CHECK(outcome.tells("  X-Roles: a,b\n"));
  CHECK(outcome.tells("result: accepted\n"));
  CHECK_FALSE(outcome.tells("FAIL"));
}

TEST_CASE("the token itself is never printed") {
  const Folder folder;
  for (const bool json : {false, true}) CHECK_FALSE(explain(folder, good_token(), "", json).tells(good_token()));
}

TEST_CASE("a refused token is explained with every check, and the first failure is the result") {
  const Folder folder;
  const std::string text = mint::sign(mint::shared_key("ES256"),
                                      R"({"iss":"https://id.example.com","aud":"other","exp":1600000000,"scope":"x"})");
  const Explained outcome = explain(folder, text);
  CHECK(outcome.code == 1);
  CHECK(outcome.tells("result: refused, token_expired\n"));
  CHECK(outcome.tells("refused:  audience_mismatch"));
  CHECK(outcome.tells("refused:  scope_insufficient"));
  CHECK_FALSE(outcome.tells("X-User-Id"));
}

TEST_CASE("--at judges at another second") {
  const Folder folder;
  cli::ExplainOptions options;
  options.config_file = folder.config();
  options.token = good_token();
  std::istringstream in;
  std::ostringstream out, err;
  options.at = 1'700'000'459;  // exp plus leeway is the second after
  CHECK(cli::run_explain(options, in, out, err) == 0);
  options.at = 1'700'000'460;
  CHECK(cli::run_explain(options, in, out, err) == 1);
}

TEST_CASE("--request chooses the route as the gateway would") {
  const Folder folder;
  CHECK(explain(folder, good_token(), "GET /orders/7?x=1").tells("route: orders\n"));
  CHECK(explain(folder, good_token(), "/orders").tells("route: orders\n"));
  const Explained admin = explain(folder, good_token(), "GET http://admin.example.com/orders");
  CHECK(admin.tells("route: admin\n"));
  CHECK(admin.tells("result: refused, scope_insufficient\n"));
  const Explained nowhere = explain(folder, good_token(), "GET /nowhere");
  CHECK(nowhere.code == 1);
  CHECK(nowhere.tells("result: refused, route_not_found\n"));
  const Explained open = explain(folder, good_token(), "GET /healthz");
  CHECK(open.code == 0);
  CHECK(open.tells("The route is public"));
  CHECK(explain(folder, good_token(), "GET orders").code == 2);
}

TEST_CASE("a request that cannot be understood is told with the two forms that can") {
  const Folder folder;
  const Explained outcome = explain(folder, good_token(), "GET shop.example.com/orders");
  CHECK(outcome.code == 2);
  CHECK(outcome.err.find(R"(say "GET /orders/1", or with a host "GET https://HOST/orders/1")") != std::string::npos);
}

TEST_CASE("--header gives what a route has a condition on, and the host") {
  const Folder folder;
  const auto explained = [&](const std::string& request, std::vector<std::string> headers) {
    cli::ExplainOptions options;
    options.config_file = folder.config();
    options.request = request;
    options.headers = std::move(headers);
    options.at = 1'700'000'000;
    options.token = good_token();
    std::istringstream in;
    std::ostringstream out, err;
    const int code = cli::run_explain(options, in, out, err);
    return Explained{code, out.str(), err.str()};
  };
  CHECK(explained("GET /orders", {"x-env:beta"}).tells("route: beta\n"));
  CHECK(explained("GET /orders", {"X-Other: beta", "X-Env:  beta "}).tells("route: beta\n"));
  CHECK(explained("GET /orders", {"X-Env: live"}).tells("route: orders\n"));
  CHECK(explained("GET /orders", {"Host: admin.example.com"}).tells("route: admin\n"));
  CHECK(explained("GET https://admin.example.com/orders", {"X-Env: beta"}).tells("route: admin\n"));
  CHECK(explained("GET https://admin.example.com/orders", {"Host: shop.example.com"}).code == 2);
  for (const char* wrong : {"X-Env", "X Env: beta", ": beta"}) {
    CAPTURE(wrong);
    const Explained outcome = explained("GET /orders", {wrong});
    CHECK(outcome.code == 2);
    CHECK(outcome.err == "\"" + std::string(wrong) + "\" is no header; say \"Name: value\"\n");
  }
  CHECK(explained("", {"X-Env: beta"}).code == 2);
}

TEST_CASE("a token on standard input may have a line end and a Bearer before it") {
  const Folder folder;
  CHECK(explain(folder, "-", "", false, "Bearer " + good_token() + "\r\nrest").code == 0);
  const Explained empty = explain(folder, "-");
  CHECK(empty.code == 1);
  CHECK(empty.tells("result: refused, token_missing\n"));
}

TEST_CASE("a token above the limit is too large") {
  const Folder folder;
  CHECK(explain(folder, std::string(8192, 'x')).tells("result: refused, token_malformed\n"));
  CHECK(explain(folder, std::string(8193, 'x')).tells("result: refused, token_too_large\n"));
}

TEST_CASE("a claim that no header can carry is a refusal") {
  const Folder folder;
  const Explained outcome = explain(folder, token(R"(,"scope":"orders:read","roles":["a\n"])"));
  CHECK(outcome.code == 1);
  CHECK(outcome.tells("result: refused, claim_unusable\n"));
}

TEST_CASE("--json prints one object with the same facts") {
  const Folder folder;
  const Explained outcome = explain(folder, good_token(), "", true);
  CHECK(outcome.code == 0);
  const auto report = parse_json(outcome.out);
  REQUIRE(report.has_value());
  CHECK(*report->find("accepted")->boolean());
  CHECK(*report->find("reason")->string() == "accepted");
  CHECK(*report->find("route")->string() == "orders");
  CHECK(*report->find("kid")->string() == "k1");
  CHECK(report->find("checks")->array()->size() >= 8);
  const Json& header = report->find("headers")->array()->at(0);
  CHECK(*header.find("name")->string() == "X-User-Id");
  CHECK(*header.find("value")->string() == "alice");

  const auto refused = parse_json(explain(folder, token(""), "", true).out);
  REQUIRE(refused.has_value());
  CHECK_FALSE(*refused->find("accepted")->boolean());
  CHECK(*refused->find("provider")->string() == "shop");
  const Json& last = refused->find("checks")->array()->back();
  CHECK_FALSE(*last.find("ok")->boolean());
  CHECK(*last.find("reason")->string() == "scope_insufficient");
}

TEST_CASE("a bad configuration or unusable keys are told, with 78") {
  const Folder folder;
  folder.write("keys.json", "{}");
  const Explained keys = explain(folder, good_token());
  CHECK(keys.code == 78);
  CHECK(keys.err.find("providers.shop.jwks_file[0]: ") != std::string::npos);
  folder.write("postern.yaml", "listeners: 7\n");
  const Explained config = explain(folder, good_token());
  CHECK(config.code == 78);
  CHECK_FALSE(config.err.empty());
  CHECK(config.out.empty());
}

TEST_CASE("a token of the token service is explained but for its signature: the keys are in the store") {
  const Folder folder;
  folder.write("users.yaml", "users: {}\n");
  folder.write("postern.yaml", R"(listeners: [{address: 127.0.0.1:0}]
token_service:
  issuer: https://id.example.com
  audiences: [orders-api]
  users_file: users.yaml
  store: {sqlite: state.db}
upstreams:
  orders: {endpoints: [http://127.0.0.1:9000]}
routes:
  - name: orders
    match: {path_prefix: /orders}
    upstream: orders
    jwt: {providers: [token_service]}
)");
  const Explained outcome = explain(folder, good_token());
  CHECK(outcome.err == "");
  CHECK(outcome.code == 1);
  CHECK(outcome.tells("provider: token_service\n"));
  CHECK(outcome.tells(
      "keys not fetched: they are in the store of the token service; `postern verify` takes its jwks.json\n"));
  CHECK(outcome.tells("result: refused, keys_unavailable\n"));
  CHECK(outcome.tells("ok   audience\n"));
  CHECK_FALSE(std::filesystem::exists(std::filesystem::path(folder.config()).replace_filename("state.db")));
}
