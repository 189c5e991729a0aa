// Providers, upstreams and listeners: what no single member can say.
#include "sample.hpp"

using namespace postern::conf;

TEST_CASE("issuer and audiences must be said, `any` too") {
  CHECK(provider_complaints("jwks_file: k") ==
        Lines{"providers.shop.issuer: is required", "providers.shop.audiences: is required"});
  CHECK(provider_complaints("issuer: any, audiences: any, secret_file: s") == Lines{});
}

TEST_CASE("one provider never mixes secrets and public keys") {
  const Lines mixed = {
      "providers.shop: mixes a secret with public keys; make two providers of it, both may have the same issuer"};
  CHECK(provider_complaints("issuer: a, audiences: b, jwks_file: k, secret: x") == mixed);
  CHECK(provider_complaints("issuer: a, audiences: b, pem_file: k, secret_file: x") == mixed);
  CHECK(provider_complaints("issuer: a, audiences: b, secret: x, secret_file: x") ==
        Lines{"providers.shop.secret: cannot stand beside `secret_file`: a secret is given in one place"});
}

TEST_CASE("algorithms fit the kind of key") {
  CHECK(provider_complaints("issuer: a, audiences: b, pem_file: k, algorithms: [RS256, HS256]") ==
        Lines{"providers.shop.algorithms[1]: needs a secret (`secret_file`), and this provider has public keys"});
  CHECK(provider_complaints("issuer: a, audiences: b, jwks_file: k, algorithms: [HS256]") == Lines{});
  CHECK(provider_complaints("issuer: a, audiences: b, secret: x, algorithms: [HS512, ES256]") ==
        Lines{"providers.shop.algorithms[1]: needs public keys, and this provider has a secret"});
  CHECK(provider_complaints("issuer: a, audiences: b, secret: x, algorithms: [none]") ==
        Lines{"providers.shop.algorithms[0]: `none` accepts forged tokens and does not exist here"});
}

TEST_CASE("a secret must be what its encoding says") {
  CHECK(provider_complaints("issuer: a, audiences: b, secret: '!', secret_encoding: base64") ==
        Lines{"providers.shop.secret: is not valid base64"});
  CHECK(provider_complaints("issuer: a, audiences: b, secret: 'abc', secret_encoding: hex") ==
        Lines{"providers.shop.secret: is not valid hex"});
  CHECK(provider_complaints("issuer: a, audiences: b, secret: '00ff', secret_encoding: hex") == Lines{});
  CHECK(provider_complaints("issuer: a, audiences: b, secret: <redacted>") ==
        Lines{"providers.shop.secret: is the placeholder of `config print`; put the secret here"});
  CHECK(provider_complaints("issuer: a, audiences: b, jwks_file: k, secret_encoding: hex") ==
        Lines{"providers.shop.secret_encoding: says nothing without a secret"});
}

TEST_CASE("settings that can have no effect are refused") {
  CHECK(provider_complaints("issuer: a, audiences: any, audience_match: all, jwks_file: k") ==
        Lines{"providers.shop.audience_match: says nothing when every audience is accepted"});
  CHECK(policy_complaints("jwt: {providers: [shop], scope_match: any}") ==
        Lines{"routes[0].jwt.scope_match: says nothing without `scopes`"});
  CHECK(upstream_complaints("endpoints: [http://a], tls: {verify: false}") ==
        Lines{"upstreams.orders.tls: says nothing for http:// endpoints; write https://"});
  CHECK(upstream_complaints("endpoints: [https://a], tls: {verify: false}") == Lines{});
}

TEST_CASE("at most one provider of a route accepts any issuer") {
  Sample sample;
  sample.provider = "issuer: any, audiences: a, jwks_file: k}, other: {issuer: any, audiences: a, jwks_file: k";
  CHECK(complaints(sample) == Lines{});
  sample.policy = "jwt: {providers: [shop, other]}";
  CHECK(complaints(sample) ==
        Lines{"routes[0].jwt.providers[1]: has `issuer: any` as `shop` has; on one route only one provider may"});
}

TEST_CASE("an upstream's endpoints have one scheme") {
  CHECK(upstream_complaints("endpoints: [http://a, https://b]") ==
        Lines{"upstreams.orders.endpoints[1]: endpoints must be all http:// or all https://"});
  CHECK(upstream_complaints("endpoints: [https://a, https://b:1]") == Lines{});
}

TEST_CASE("a client certificate comes with its key") {
  CHECK(upstream_complaints("endpoints: [https://a], tls: {certificate_file: c}") ==
        Lines{"upstreams.orders.tls.certificate_file: needs `key_file`"});
  CHECK(upstream_complaints("endpoints: [https://a], tls: {key_file: c}") ==
        Lines{"upstreams.orders.tls.key_file: needs `certificate_file`"});
}

TEST_CASE("an address is listened on once") {
  Sample sample;
  sample.listener = "address: 127.0.0.1:1}, {address: 127.0.0.1:1";
  CHECK(complaints(sample) == Lines{"listeners[1].address: is listened on already"});
  sample.listener = "address: 127.0.0.1:9901";
  CHECK(complaints(sample) == Lines{"admin.address: is listened on already"});
  sample.listener = "address: 127.0.0.1:0}, {address: 127.0.0.1:0";
  CHECK(complaints(sample) == Lines{});
}

TEST_CASE("a listener that redirects to https speaks none itself, and a port of https is for redirects alone") {
  Sample sample;
  const auto listening = [&](const std::string& members) {
    sample.listener = "address: 127.0.0.1:1, " + members;
    return complaints(sample);
  };
  const std::string tls = "tls: {certificates: [{certificate_file: c, key_file: k}]}";
  CHECK(listening("redirect_to_https: true") == Lines{});
  CHECK(listening("redirect_to_https: true, https_port: 8443") == Lines{});
  CHECK(listening("redirect_to_https: false, " + tls) == Lines{});
  CHECK(listening("redirect_to_https: true, " + tls) ==
        Lines{"listeners[0].redirect_to_https: cannot stand beside `tls`: who connects there speaks https already"});
  CHECK(listening("https_port: 8443") == Lines{"listeners[0].https_port: needs `redirect_to_https`"});
  CHECK(listening("redirect_to_https: false, https_port: 8443") ==
        Lines{"listeners[0].https_port: needs `redirect_to_https`"});
  CHECK(listening("redirect_to_https: 8443").size() == 1);
  CHECK(listening(tls + ", redirect_to_https: true}, {address: 127.0.0.1:2").size() == 1);
}

TEST_CASE("a gateway whose listeners all redirect to https is warned of routes that nobody takes") {
  const auto warnings = [](const std::string& listeners) {
    Sample sample;
    sample.listener = listeners;
    Lines lines;
    const Loaded loaded = load(sample.text());
    CHECK(lines_of(loaded.problems) == Lines{});
    for (const Problem& warning : loaded.problems.warnings()) lines.push_back(warning.to_text());
    return lines;
  };
  const std::string redirecting = "address: 127.0.0.1:1, redirect_to_https: true";
  const Lines warned = {"c.yaml:1:1: listeners: all of them redirect to https, so no route is ever taken"};
  CHECK(warnings(redirecting) == warned);
  CHECK(warnings(redirecting + "}, {address: 127.0.0.1:2, redirect_to_https: true") == warned);
  // Plain http is enough: what is in front may end TLS.
  CHECK(warnings(redirecting + "}, {address: 127.0.0.1:2") == Lines{});
}

TEST_CASE("a wildcard address has the others of its port") {
  const auto listening = [](const std::string& first, const std::string& second) {
    Sample sample;
    sample.listener = "address: '" + first + "'}, {address: '" + second + "'";
    return complaints(sample);
  };
  const Lines refused = {"listeners[1].address: is listened on already"};
  CHECK(listening("0.0.0.0:1", "127.0.0.1:1") == refused);
  CHECK(listening("127.0.0.1:1", "[::]:1") == refused);
  CHECK(listening("[::]:1", "[::1]:1") == refused);
  CHECK(listening("[::]:1", "0.0.0.0:1") == refused);
  CHECK(listening("[::1]:1", "[0:0:0:0:0:0:0:1]:1") == refused);
  CHECK(listening("0.0.0.0:1", "[::1]:1") == Lines{});
  CHECK(listening("0.0.0.0:1", "127.0.0.1:2") == Lines{});
  CHECK(listening("0.0.0.0:0", "127.0.0.1:0") == Lines{});
  CHECK(listening("0.0.0.0:9901", "127.0.0.1:1") == Lines{"admin.address: is listened on already"});
}

TEST_CASE("an upstream is no listener of the gateway itself") {
  const auto forwarding = [](const std::string& listener, const std::string& endpoint) {
    Sample sample;
    sample.listener = "address: '" + listener + "'";
    sample.upstream = "endpoints: ['http://other', '" + endpoint + "']";
    return complaints(sample);
  };
  const Lines refused = {
      "upstreams.orders.endpoints[1]: is a listener of this gateway, which would forward to itself for ever"};
  CHECK(forwarding("127.0.0.1:80", "http://127.0.0.1") == refused);
  CHECK(forwarding("10.0.0.1:8080", "http://10.0.0.1:8080") == refused);
  CHECK(forwarding("0.0.0.0:8080", "http://127.0.0.1:8080") == refused);
  CHECK(forwarding("[::]:8080", "http://[::1]:8080") == refused);
  CHECK(forwarding("[::]:8080", "http://127.0.0.1:8080") == refused);
  CHECK(forwarding("127.0.0.1:8080", "http://localhost:8080") == refused);
  CHECK(forwarding("0.0.0.0:8080", "http://localhost:8080") == refused);
  CHECK(forwarding("0.0.0.0:8080", "http://10.0.0.1:8080") == Lines{});
  CHECK(forwarding("0.0.0.0:8080", "http://orders:8080") == Lines{});
  CHECK(forwarding("10.0.0.1:8080", "http://localhost:8080") == Lines{});
  CHECK(forwarding("127.0.0.1:8080", "http://127.0.0.1:8081") == Lines{});
}

TEST_CASE("a secret that nothing was put in for is refused, and not repeated") {
  const auto secret = [](const std::string& written) {
    return provider_complaints("issuer: a, audiences: [b], secret: '" + written + "'");
  };
  const Lines refused = {
      "providers.shop.secret: is a placeholder that nothing was put in for; an environment variable is written "
      "`${NAME}`"};
  CHECK(secret("$JWT_SECRET") == refused);
  CHECK(secret("$${JWT_SECRET}") == refused);
  CHECK(secret("{{ jwt_secret }}") == refused);
  CHECK(secret("prefix-{{secret}}") == refused);
  for (const char* good : {"$2b$10$abcdefghijklmnopqrstuv", "a$b", "{one} $${", "$"}) {
    CAPTURE(good);
    CHECK(secret(good) == Lines{});
  }
}

TEST_CASE("the path is changed in one way, and only for an upstream") {
  CHECK(matched_complaints("path_prefix: /a", "strip_prefix: /a, set_path: /b") ==
        Lines{"routes[0].set_path: cannot stand beside `strip_prefix`: the path is changed in one way"});
  Sample sample;
  sample.target = "redirect: {to: /x}";
  sample.route = "set_path: /b";
  CHECK(complaints(sample) == Lines{"routes[0].set_path: needs `upstream`"});
}

TEST_CASE("two claims of one route are two headers, also for upstreams that fold names") {
  for (std::string name : {"x-user", "X_User", "X.User", "X~User"}) {
    CAPTURE(name);
    CHECK(route_complaints("claim_headers: {a: X-User, b: " + name + "}") ==
          Lines{"routes[0].claim_headers[1].header: is the same header as `X-User`: upstreams may not tell case, `-`, "
                "`_` and `.` apart"});
  }
  Lines found = complaints(
      "listeners: [{address: \"127.0.0.1:1\"}]\nproviders: {p: {issuer: i, audiences: a, jwks_file: k}}\nupstreams: "
      "{u: {endpoints: "
      "[http://a]}}\nroutes:\n"
      "  - {name: one, match: {path: /1}, upstream: u, jwt: {providers: p}, claim_headers: {sub: X-User}}\n"
      "  - {name: two, match: {path: /2}, upstream: u, jwt: {providers: p}, claim_headers: {sub: x_user}}\n");
  CHECK(found == Lines{});
}

TEST_CASE("a provider that no route uses is warned of, and that readiness waits for keys that are fetched") {
  const auto warnings = [](const std::string& top, const std::string& jwt = "jwt: {providers: [shop]}") {
    Sample sample;
    sample.policy = jwt;
    std::string text = sample.text() + top;
    text.replace(text.find("providers: {shop"), 12, "providers: {\"a.b\": {issuer: https://b, audiences: [a]}, ");
    const Loaded loaded = load(text);
    Lines lines;
    for (const Problem& problem : loaded.problems.warnings()) lines.push_back(problem.path + ": " + problem.message);
    return lines;
  };
  CHECK(warnings("") == Lines{"providers[\"a.b\"]: no route uses it, and `/readyz` waits for its keys all the same"});
  CHECK(warnings("ready_when: any") == Lines{"providers[\"a.b\"]: no route uses it"});
  CHECK(warnings("", "jwt: {providers: [shop, a.b]}") == Lines{});
  CHECK(warnings("", "jwt: {providers: [a.b]}") == Lines{"providers.shop: no route uses it"});
  CHECK(warnings("", "jwt: {providers: [shpo]}") == Lines{});
}
