#include "sample.hpp"

using namespace postern::conf;

namespace {

SidecarFlags full_flags() {
  SidecarFlags flags;
  flags.listen = {"0.0.0.0:8080", "--listen"};
  flags.upstream = {"http://127.0.0.1:9000", "--upstream"};
  flags.issuer = {"https://id.example.com", "POSTERN_ISSUER"};
  flags.audience = {"orders-api", "--audience"};
  flags.jwks_file = {"k.json", "--jwks-file"};
  flags.claims = {{"sub=X-User-Id", "--claim"}, {"realm_access.roles=X-Roles", "POSTERN_CLAIM"}};
  return flags;
}

Lines flag_errors(const SidecarFlags& flags) {
  return lines_of(load_sidecar(flags).problems);
}

}  // namespace

TEST_CASE("flags make one service whose every path is protected") {
  Loaded loaded = load_sidecar(full_flags());
  CHECK(lines_of(loaded.problems) == Lines{});
  const Config& config = loaded.config;
  CHECK(config.listeners.at(0).address == "0.0.0.0:8080");
  CHECK(config.providers.at("default").issuer.names == Lines{"https://id.example.com"});
  CHECK(config.providers.at("default").audiences.names == Lines{"orders-api"});
  CHECK(config.upstreams.at("service").endpoints == Lines{"http://127.0.0.1:9000"});
  REQUIRE(config.routes.size() == 1);
  const Route& route = config.routes[0];
  CHECK(route.name == "all");
  CHECK(route.match.path_prefix == "/");
  CHECK_FALSE(route.public_);
  CHECK(route.jwt->providers == Lines{"default"});
  REQUIRE(route.claim_headers.size() == 2);
  CHECK(std::get<std::string>(route.claim_headers[1].claim.path) == "realm_access.roles");
  CHECK(route.claim_headers[1].header == "X-Roles");
}

TEST_CASE("what flags stand for is printed as a file that equals it") {
  SidecarFlags flags = full_flags();
  for (const char* issuer : {"https://id.example.com", "any"}) {
    flags.issuer->value = issuer;
    std::string printed = print_yaml(load_sidecar(flags).config);
    Loaded loaded = load(printed);
    CHECK(lines_of(loaded.problems) == Lines{});
    CHECK(print_yaml(loaded.config) == printed);
  }
}

TEST_CASE("without a file of keys they are fetched, from where the issuer or a flag says") {
  SidecarFlags flags = full_flags();
  flags.jwks_file.reset();
  Loaded loaded = load_sidecar(flags);
  CHECK(lines_of(loaded.problems) == Lines{});
  CHECK(loaded.config.providers.at("default").jwks_file.empty());
  CHECK(loaded.config.providers.at("default").jwks_uri.empty());
  flags.jwks_uri = {"https://id.internal/jwks", "POSTERN_JWKS_URI"};
  loaded = load_sidecar(flags);
  CHECK(lines_of(loaded.problems) == Lines{});
  CHECK(loaded.config.providers.at("default").jwks_uri == "https://id.internal/jwks");
  const std::string printed = print_yaml(loaded.config);
  CHECK(print_yaml(load(printed).config) == printed);
}

TEST_CASE("what stands in the way of fetching is told with the flag or the variable") {
  SidecarFlags flags = full_flags();
  flags.jwks_uri = {"https://id.internal/jwks", "POSTERN_JWKS_URI"};
  CHECK(flag_errors(flags) == Lines{"POSTERN_JWKS_URI: providers.default.jwks_uri: cannot stand beside `jwks_file`: "
                                    "keys come from files or from URLs"});
  flags.jwks_file.reset();
  flags.jwks_uri->value = "id.internal";
  CHECK(flag_errors(flags) == Lines{"POSTERN_JWKS_URI: providers.default.jwks_uri: must be a URL that begins with "
                                    "`https://` or `http://`"});
  flags.jwks_uri.reset();
  flags.issuer->value = "any";
  CHECK(flag_errors(flags) ==
        Lines{"POSTERN_ISSUER: providers.default.issuer: `any` does not say whom to ask for keys: give `jwks_uri` or "
              "`discovery_url`, or the keys in `jwks_file`, `pem_file`, `secret_file` or `secret`"});
}

TEST_CASE("flags say where the admin listener is, and it is judged as in a file") {
  SidecarFlags flags = full_flags();
  CHECK(load_sidecar(flags).config.admin.address == "127.0.0.1:9901");
  for (const char* address : {"127.0.0.1:9902", "off"}) {
    flags.admin = {address, "POSTERN_ADMIN"};
    const Loaded loaded = load_sidecar(flags);
    CHECK(lines_of(loaded.problems) == Lines{});
    CHECK(loaded.config.admin.address == address);
  }
  flags.admin->value = "9902";
  CHECK(flag_errors(flags) == Lines{"POSTERN_ADMIN: admin.address: must be an IP address with a port, such as "
                                    "`0.0.0.0:8080` or `[::]:8080`, or `off`"});
  flags.admin->value = flags.listen->value = "127.0.0.1:8080";
  CHECK(flag_errors(flags) == Lines{"POSTERN_ADMIN: admin.address: is listened on already"});
}

TEST_CASE("any works as in a file") {
  SidecarFlags flags = full_flags();
  flags.issuer->value = "any";
  flags.audience->value = "any";
  Loaded loaded = load_sidecar(flags);
  CHECK(lines_of(loaded.problems) == Lines{});
  CHECK(loaded.config.providers.at("default").issuer.any);
  CHECK(loaded.config.providers.at("default").audiences.any);
}

TEST_CASE("what is missing is told with the flag and the variable that give it") {
  CHECK(flag_errors({}) == Lines{"--listen or POSTERN_LISTEN: listeners[0].address: is required",
                                 "--issuer or POSTERN_ISSUER: providers.default.issuer: is required",
                                 "--audience or POSTERN_AUDIENCE: providers.default.audiences: is required",
                                 "--upstream or POSTERN_UPSTREAM: upstreams.service.endpoints: is required"});
}

TEST_CASE("a bad value is told with the flag or the variable that gave it") {
  SidecarFlags flags = full_flags();
  flags.listen->value = "8080";
  flags.upstream = {"http://localhost:9000/", "POSTERN_UPSTREAM"};
  flags.issuer->value = "";
  flags.claims = {
      {"sub", "--claim"}, {"sub=", "--claim"}, {"=X", "--claim"}, {"sub=Host", "--claim"}, {"a=b=X-A", "--claim"}};
  CHECK(
      flag_errors(flags) ==
      Lines{"--claim: routes[0].claim_headers[0]: expected `CLAIM=HEADER`, such as `sub=X-User-Id`",
            "--claim: routes[0].claim_headers[1]: expected `CLAIM=HEADER`, such as `sub=X-User-Id`",
            "--claim: routes[0].claim_headers[2]: expected `CLAIM=HEADER`, such as `sub=X-User-Id`",
            "--listen: listeners[0].address: must be an IP address with a port, such as `0.0.0.0:8080` or `[::]:8080`",
            "POSTERN_ISSUER: providers.default.issuer: is required",
            "POSTERN_UPSTREAM: upstreams.service.endpoints[0]: must end after host and port, without a path, not even "
            "`/`: the path is the request's",
            "--claim: routes[0].claim_headers[3].header: cannot be made of a claim: the header has a meaning of its "
            "own; choose a name "
            "such as `X-User-Id`"});
}

TEST_CASE("a claim's name may hold an equals sign") {
  SidecarFlags flags = full_flags();
  flags.claims = {{"a=b=X-A", "--claim"}};
  Loaded loaded = load_sidecar(flags);
  CHECK(std::get<std::string>(loaded.config.routes[0].claim_headers[0].claim.path) == "a=b");
}
