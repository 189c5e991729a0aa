#include "sample.hpp"

using namespace postern::conf;

namespace {

std::string print(std::string_view text, std::map<std::string, std::string> variables = {}) {
  Loaded loaded = load(text, std::move(variables));
  CHECK(lines_of(loaded.problems) == Lines{});
  return print_yaml(loaded.config);
}

}  // namespace

TEST_CASE("the effective configuration is printed with its defaults") {
  CHECK(print(Sample().text()) == R"(listeners:
  - address: "127.0.0.1:8080"
    redirect_to_https: false
admin:
  address: "127.0.0.1:9901"
access_log: stdout
workers: auto
observe: false
forwarded: false
limits:
  head_bytes: 16KiB
  head_fields: 100
  token_bytes: 8KiB
  body_bytes: "off"
  response_head_bytes: 32KiB
  response_head_fields: 100
  claim_header_bytes: 8KiB
  token_cache: 64MiB
timeouts:
  head: 10s
  idle: 1m
  connect: 5s
  response: 1m
  stream_idle: 5m
  total: "off"
  drain: 30s
ready_when: all
providers:
  shop:
    issuer:
      - https://id.example.com
    audiences:
      - a
    audience_match: any
    jwks_file:
      - k.json
    secret_encoding: raw
    min_refresh: 1m
    max_refresh: 15m
    max_stale: 1d
    unknown_kid_cooldown: 30s
    fetch_timeout: 5s
    allow_http: false
    allow_link_local: false
    leeway: 1m
    require_exp: true
upstreams:
  orders:
    endpoints:
      - http://127.0.0.1:9000
    tls:
      verify: true
    pool:
      idle: 1m
      max_idle: 128
routes:
  - name: r
    match:
      path_prefix: /
    upstream: orders
    public: false
    jwt:
      providers:
        - shop
      optional: false
      keep_token: false
      fail: closed
      scope_match: all
    observe: false
    allow_encoded_slash: false
    keep_method_override: false
)");
}

TEST_CASE("what is printed loads to the same configuration") {
  Sample sample;
  sample.listener +=
      ", tls: {certificates: [{certificate_file: c.pem, key_file: k.pem, hosts: ['*.a.example']}], min_version: "
      "'1.3'}}, "
      "{address: '127.0.0.1:1', redirect_to_https: true, https_port: 8443";
  sample.top =
      "workers: 3\naccess_log: \"off\"\ntrusted_proxies: [10.0.0.0/8, '::1/128']\ntimeouts: {total: 90s, drain: 0s}";
  sample.provider =
      "issuer: any, audiences: any, pem_file: [a.pem, b.pem], algorithms: [ES256], leeway: 0s, max_lifetime: 36h, "
      "require_exp: false, "
      "types: ['JWT', 'x+jwt'], required_claims: [sub, [a, b.c]], claims: [{claim: a, equals: 1.50}, {claim: [b, c], "
      "one_of: [true, "
      "'yes', '5', {x: ['$${A}']}]}, {claim: d, contains: '010'}, {claim: e, matches: 'a|b.*'}]";
  sample.upstream =
      "endpoints: [https://a, 'https://[::1]:1'], host: 'b:81', tls: {ca_file: ca.pem, server_name: c, verify: false, "
      "certificate_file: x, key_file: y}, pool: {idle: 1500ms, max_idle: 0}, max_requests: 64";
  sample.match =
      "host: ['*.example.com', 'a'], path_template: '/u/{id}', methods: [GET, M-SEARCH], headers: {X-A: 'true', X-B: "
      "{matches: "
      "'[0-9]+'}, X-C: {present: false}}";
  sample.policy =
      "jwt: {providers: [shop], optional: true, from: [{header: Authorization, prefix: Bearer}, {cookie: c}, {query: "
      "q}, "
      "{websocket_protocol: b}], keep_token: true, scopes: ['a:b', c], scope_match: any, claims: [{claim: x, equals: "
      "'off'}]}";
  sample.route =
      "set_path: '/v2/{id}', request_headers: {remove: [A], set: {B: ' $${X} '}, add: {C: 'a: b # c'}}, "
      "response_headers: {set: {D: "
      "\"\\\"q\\\"\"}}, observe: true, allow_encoded_slash: true, keep_method_override: true, body_limit: 1000, "
      "response_timeout: 1m, "
      "total_timeout: off, stream_idle_timeout: 2h, claim_headers: [{claim: '*', header: X, format: base64json}, "
      "{claim: ['*'], header: "
      "Y}], cors: {origins: [https://a.example], origin_patterns: ['https://.*\\.a\\.example'], methods: [PUT], "
      "allow_headers: [A], "
      "expose_headers: [B], credentials: true, max_age: 0s}";
  sample.route.replace(sample.route.find("' $${X} '"), 9, "'$${X}'");
  std::string once = print(sample.text());
  CHECK(once.find("$${X}") != std::string::npos);
  CHECK(print(once) == once);
  CHECK(print_yaml(load(sample.text()).config) == print_yaml(load(once).config));
}

TEST_CASE("a provider whose keys are fetched is printed so that it loads again") {
  for (const std::string source : {"discovery_url", "jwks_uri"}) {
    Sample sample;
    sample.top = "key_cache_dir: cache/keys\nready_when: none";
    sample.provider = source +
                      ": 'http://id.internal/x?y=z', issuer: ['https://login.example/{tenant}/v2.0', 'any.example'], "
                      "tenants: [a, '010'], audiences: any, min_refresh: 5s, max_refresh: 1h, max_stale: 7d, "
                      "unknown_kid_cooldown: 1m, fetch_timeout: 250ms, allow_http: true, allow_link_local: true, "
                      "ca_file: ca.pem, certificate_file: c.pem, key_file: k.pem, fetch_headers_file: h, "
                      "proxy: 'http://proxy:3128'";
    const std::string once = print(sample.text());
    for (const std::string line :
         {"key_cache_dir: cache/keys", "ready_when: none", "http://id.internal/x?y=z", "https://login.example/{tenant}",
          "- a\n      - \"010\"", "min_refresh: 5s", "max_refresh: 1h", "max_stale: 7d", "unknown_kid_cooldown: 1m",
          "fetch_timeout: 250ms", "allow_http: true", "allow_link_local: true", " ca_file: ca.pem",
          "certificate_file: c.pem", " key_file: k.pem", "fetch_headers_file: h", "proxy: http://proxy:3128"}) {
      CAPTURE(line);
      CHECK(once.find(line) != std::string::npos);
    }
    CHECK(print(once) == once);
  }
}

TEST_CASE("every target is printed so that it loads again") {
  for (std::string target :
       {"direct_response: {}", "direct_response: {status: 503, body: \"a\\nb\", content_type: text/html}",
        "redirect: {to: 'https://a.example{path}', status: 308}"}) {
    Sample sample;
    sample.target = target;
    sample.policy = "public: true";
    std::string once = print(sample.text());
    CHECK(print(once) == once);
  }
}

TEST_CASE("secrets are never printed, and their placeholder is never read back") {
  Sample sample;
  sample.provider = "issuer: any, audiences: any, secret: '${S}'";
  sample.route =
      "request_headers: {set: {Authorization: '${S}', X-Api-Key: '${S}', X-Plain: v}, add: {Cookie: '${S}'}}";
  std::string printed = print(sample.text(), {{"S", "hunter2-hunter2"}});
  CHECK(printed.find("hunter2") == std::string::npos);
  CHECK(printed.find("secret: \"<redacted>\"") != std::string::npos);
  CHECK(printed.find("X-Plain: v") != std::string::npos);
  CHECK(complaints(printed) ==
        Lines{"providers.shop.secret: is the placeholder of `config print`; put the secret here",
              "routes[0].request_headers.set.Authorization: is the placeholder of `config print`; put the value here",
              "routes[0].request_headers.set.X-Api-Key: is the placeholder of `config print`; put the value here",
              "routes[0].request_headers.add.Cookie: is the placeholder of `config print`; put the value here"});
}
