// What no single member can say.
#include "sample.hpp"

using namespace postern::conf;

namespace {

// The complaints of a sample with more members in its provider, upstream or route.
Lines provider(const std::string& members) {
  Sample sample;
  sample.provider = members;
  return complaints(sample);
}

Lines upstream(const std::string& members) {
  Sample sample;
  sample.upstream = members;
  return complaints(sample);
}

Lines route(const std::string& members) {
  Sample sample;
  sample.route = members;
  return complaints(sample);
}

Lines matched(const std::string& match, const std::string& members) {
  Sample sample;
  sample.match = match;
  sample.route = members;
  return complaints(sample);
}

Lines target(const std::string& members) {
  Sample sample;
  sample.target = members;
  return complaints(sample);
}

Lines policy(const std::string& members) {
  Sample sample;
  sample.policy = members;
  return complaints(sample);
}

// The complaints of two public routes with these matches.
Lines pair(const std::string& first, const std::string& second) {
  return complaints("listeners: [{address: \"127.0.0.1:1\"}]\nupstreams: {u: {endpoints: [http://a]}}\nroutes:\n  - {name: one, match: {" +
                    first + "}, upstream: u, public: true}\n  - {name: two, match: {" + second +
                    "}, upstream: u, public: true}\n");
}

const Lines same_requests = {"routes[1].match: takes the same requests as the route `one`, and neither is more specific"};

}  // namespace

TEST_CASE("a route is denied by default: it says jwt or public, not both and not neither") {
  const std::string reason = "nothing is open by default: `jwt` asks for a token, `public: true` says that everybody may pass";
  CHECK(policy("public: true") == Lines{});
  CHECK(policy("public: false, jwt: {providers: [shop]}") == Lines{});
  CHECK(policy("observe: false") == Lines{"routes[0]: needs `jwt` or `public`: " + reason});
  CHECK(policy("public: false") == Lines{"routes[0]: needs `jwt` or `public`: " + reason});
  CHECK(policy("public: true, jwt: {providers: [shop]}") == Lines{"routes[0].public: cannot stand beside `jwt`"});
}

TEST_CASE("a route has one target") {
  CHECK(target("direct_response: {}") == Lines{});
  CHECK(target("redirect: {to: /x}") == Lines{});
  CHECK(target("observe: false") ==
        Lines{"routes[0]: needs `upstream`, `direct_response` or `redirect`: say where the requests go"});
  CHECK(target("upstream: orders, redirect: {to: /x}") == Lines{"routes[0].redirect: cannot stand beside `upstream`"});
}

TEST_CASE("names must exist, and near ones are suggested") {
  CHECK(target("upstream: order") == Lines{"routes[0].upstream: there is no upstream `order`; did you mean `orders`?"});
  CHECK(policy("jwt: {providers: [Shop]}") ==
        Lines{"routes[0].jwt.providers[0]: there is no provider `Shop`; did you mean `shop`?"});
  CHECK(policy("jwt: {providers: [zebra]}") == Lines{"routes[0].jwt.providers[0]: there is no provider `zebra`; known: `shop`"});
}

TEST_CASE("a list does not repeat itself") {
  CHECK(policy("jwt: {providers: [shop, shop]}") == Lines{"routes[0].jwt.providers[1]: is in the list already"});
  CHECK(provider("issuer: [a, a], audiences: [b], jwks_file: [k, k]") ==
        Lines{"providers.shop.issuer[1]: is in the list already", "providers.shop.jwks_file[1]: is in the list already"});
}

TEST_CASE("a provider needs keys") {
  CHECK(provider("issuer: a, audiences: b") ==
        Lines{"providers.shop: needs `jwks_file`, `pem_file`, `secret_file` or `secret`: without keys no token can be checked"});
}

TEST_CASE("issuer and audiences must be said, `any` too") {
  CHECK(provider("jwks_file: k") == Lines{"providers.shop.issuer: is required", "providers.shop.audiences: is required"});
  CHECK(provider("issuer: any, audiences: any, secret_file: s") == Lines{});
}

TEST_CASE("one provider never mixes secrets and public keys") {
  const Lines mixed = {"providers.shop: mixes a secret with public keys; make two providers of it, both may have the same issuer"};
  CHECK(provider("issuer: a, audiences: b, jwks_file: k, secret: x") == mixed);
  CHECK(provider("issuer: a, audiences: b, pem_file: k, secret_file: x") == mixed);
  CHECK(provider("issuer: a, audiences: b, secret: x, secret_file: x") ==
        Lines{"providers.shop.secret: cannot stand beside `secret_file`: a secret is given in one place"});
}

TEST_CASE("algorithms fit the kind of key") {
  CHECK(provider("issuer: a, audiences: b, jwks_file: k, algorithms: [RS256, HS256]") ==
        Lines{"providers.shop.algorithms[1]: needs a secret (`secret_file`), and this provider has public keys"});
  CHECK(provider("issuer: a, audiences: b, secret: x, algorithms: [HS512, ES256]") ==
        Lines{"providers.shop.algorithms[1]: needs public keys, and this provider has a secret"});
  CHECK(provider("issuer: a, audiences: b, secret: x, algorithms: [none]") ==
        Lines{"providers.shop.algorithms[0]: `none` accepts forged tokens and does not exist here"});
}

TEST_CASE("a secret must be what its encoding says") {
  CHECK(provider("issuer: a, audiences: b, secret: '!', secret_encoding: base64") == Lines{"providers.shop.secret: is not valid base64"});
  CHECK(provider("issuer: a, audiences: b, secret: 'abc', secret_encoding: hex") == Lines{"providers.shop.secret: is not valid hex"});
  CHECK(provider("issuer: a, audiences: b, secret: '00ff', secret_encoding: hex") == Lines{});
  CHECK(provider("issuer: a, audiences: b, secret: <redacted>") ==
        Lines{"providers.shop.secret: is the placeholder of `config print`; put the secret here"});
  CHECK(provider("issuer: a, audiences: b, jwks_file: k, secret_encoding: hex") ==
        Lines{"providers.shop.secret_encoding: says nothing without a secret"});
}

TEST_CASE("settings that can have no effect are refused") {
  CHECK(provider("issuer: a, audiences: any, audience_match: all, jwks_file: k") ==
        Lines{"providers.shop.audience_match: says nothing when every audience is accepted"});
  CHECK(policy("jwt: {providers: [shop], scope_match: any}") == Lines{"routes[0].jwt.scope_match: says nothing without `scopes`"});
  CHECK(upstream("endpoints: [http://a], tls: {verify: false}") ==
        Lines{"upstreams.orders.tls: says nothing for http:// endpoints; write https://"});
  CHECK(upstream("endpoints: [https://a], tls: {verify: false}") == Lines{});
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
  CHECK(upstream("endpoints: [http://a, https://b]") ==
        Lines{"upstreams.orders.endpoints[1]: endpoints must be all http:// or all https://"});
  CHECK(upstream("endpoints: [https://a, https://b:1]") == Lines{});
}

TEST_CASE("a client certificate comes with its key") {
  CHECK(upstream("endpoints: [https://a], tls: {certificate_file: c}") == Lines{"upstreams.orders.tls.certificate_file: needs `key_file`"});
  CHECK(upstream("endpoints: [https://a], tls: {key_file: c}") == Lines{"upstreams.orders.tls.key_file: needs `certificate_file`"});
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

TEST_CASE("a match has one path") {
  CHECK(matched("path: /a, path_prefix: /b", "observe: false") ==
        Lines{"routes[0].match.path_prefix: cannot stand beside `path`: a route has one path"});
}

TEST_CASE("strip_prefix is a prefix of what the route matches") {
  const Lines refused = {"routes[0].strip_prefix: is not a prefix of the path that the route matches, so there is nothing to strip"};
  CHECK(matched("path_prefix: /a/b", "strip_prefix: /a") == Lines{});
  CHECK(matched("path_prefix: /a", "strip_prefix: /a") == Lines{});
  CHECK(matched("path: /a/b", "strip_prefix: /a") == Lines{});
  CHECK(matched("path_template: '/a/{id}'", "strip_prefix: /a") == Lines{});
  CHECK(matched("path_prefix: /ab", "strip_prefix: /a") == refused);
  CHECK(matched("path_prefix: /a", "strip_prefix: /a/b") == refused);
  CHECK(matched("host: a", "strip_prefix: /a") == refused);
  CHECK(matched("path_template: '/{id}'", "strip_prefix: /a") == refused);
}

TEST_CASE("set_path uses the names of path_template") {
  CHECK(matched("path_template: '/u/{id}'", "set_path: '/v2/{id}'") == Lines{});
  CHECK(matched("path_template: '/u/{id}'", "set_path: '/v2/{ip}'") ==
        Lines{"routes[0].set_path: `path_template` has no `{ip}`; did you mean `id`?"});
  CHECK(matched("path_prefix: /u", "set_path: '/v2/{id}'") == Lines{"routes[0].set_path: `path_template` has no `{id}`"});
  CHECK(matched("path_prefix: /u", "set_path: /v2") == Lines{});
}

TEST_CASE("the path is changed in one way, and only for an upstream") {
  CHECK(matched("path_prefix: /a", "strip_prefix: /a, set_path: /b") ==
        Lines{"routes[0].set_path: cannot stand beside `strip_prefix`: the path is changed in one way"});
  Sample sample;
  sample.target = "redirect: {to: /x}";
  sample.route = "set_path: /b";
  CHECK(complaints(sample) == Lines{"routes[0].set_path: needs `upstream`"});
}

TEST_CASE("an encoded slash in a match needs the route's leave") {
  CHECK(matched("path: /a%2Fb", "allow_encoded_slash: true") == Lines{});
  CHECK(matched("path: /a%2Fb", "observe: false") ==
        Lines{"routes[0].match.path: holds `%2F` or `%5C`, which requests may have only with `allow_encoded_slash: true`"});
}

TEST_CASE("a status without a body has none") {
  CHECK(target("direct_response: {status: 204, body: x}") == Lines{"routes[0].direct_response.body: status 204 has no body"});
  CHECK(target("direct_response: {status: 204}") == Lines{});
}

TEST_CASE("cors with credentials names its origins") {
  CHECK(route("cors: {origins: ['*'], credentials: true}") ==
        Lines{"routes[0].cors.credentials: cannot be true with the origin `*`: every page could act as the user; name the origins"});
  CHECK(route("cors: {origins: [https://a.example], credentials: true}") == Lines{});
  CHECK(route("cors: {origins: ['*', https://a.example]}") ==
        Lines{"routes[0].cors.origins: `*` stands alone: with it, other origins say nothing"});
  CHECK(route("cors: {}") == Lines{"routes[0].cors: needs `origins` or `origin_patterns`: say which origins may call"});
  CHECK(route("cors: {origins: '*', methods: []}") == Lines{"routes[0].cors.methods: must not be empty"});
}

TEST_CASE("claim headers need a token") {
  CHECK(policy("public: true, claim_headers: {sub: X}") == Lines{"routes[0].claim_headers: needs `jwt`"});
}

TEST_CASE("a claim is never made into a header with a meaning of its own") {
  for (std::string name : {"Connection", "content-length", "Host", "HOST", "Authorization", "Cookie", "Transfer_Encoding", "TE", "Trailer",
                           "Upgrade", "Keep-Alive", "Proxy-Authorization", "Expect", "X-Forwarded-For", "Forwarded", "traceparent",
                           "Content-Type", "Sec-Fetch-Site", "Origin"}) {
    CAPTURE(name);
    CHECK(route("claim_headers: {sub: " + name + "}") ==
          Lines{"routes[0].claim_headers[0].header: cannot be made of a claim: the header has a meaning of its own; choose a name such as "
                "`X-User-Id`"});
  }
  CHECK(route("claim_headers: {sub: X-Forwarded-User}") == Lines{});
}

TEST_CASE("two claims of one route are two headers, also for upstreams that fold names") {
  CHECK(route("claim_headers: {a: X-User, b: x_user}") ==
        Lines{"routes[0].claim_headers[1].header: is the same header as `X-User`: upstreams may not tell case, `-` and `_` apart"});
  Lines found = complaints(
      "listeners: [{address: \"127.0.0.1:1\"}]\nproviders: {p: {issuer: i, audiences: a, jwks_file: k}}\nupstreams: {u: {endpoints: "
      "[http://a]}}\nroutes:\n"
      "  - {name: one, match: {path: /1}, upstream: u, jwt: {providers: p}, claim_headers: {sub: X-User}}\n"
      "  - {name: two, match: {path: /2}, upstream: u, jwt: {providers: p}, claim_headers: {sub: x_user}}\n");
  CHECK(found == Lines{});
}

TEST_CASE("header operations keep off claim headers and the connection") {
  CHECK(route("claim_headers: {sub: X-User}, request_headers: {remove: [x_user], set: {X-USER: a}, add: {x-user: b}}") ==
        Lines{"routes[0].request_headers.remove[0]: is set by `claim_headers` on this route",
              "routes[0].request_headers.set.X-USER: is set by `claim_headers` on this route",
              "routes[0].request_headers.add.x-user: is set by `claim_headers` on this route"});
  CHECK(route("request_headers: {set: {Host: a}}") == Lines{"routes[0].request_headers.set.Host: is changed by the upstream's `host`"});
  CHECK(route("request_headers: {remove: Content-Length}") ==
        Lines{"routes[0].request_headers.remove[0]: belongs to the connection, which the gateway keeps by itself"});
  CHECK(route("response_headers: {set: {Connection: close}}") ==
        Lines{"routes[0].response_headers.set.Connection: belongs to the connection, which the gateway keeps by itself"});
  CHECK(route("request_headers: {set: {Authorization: Basic x}}, response_headers: {set: {X-User: a}}") == Lines{});
}

TEST_CASE("header values are one line") {
  CHECK(route("request_headers: {set: {X: \"a\\r\\nY: b\"}}") ==
        Lines{"routes[0].request_headers.set.X: must not hold CR, LF, NUL or other control characters"});
  CHECK(route("response_headers: {add: {X: \"a\\0\"}}") ==
        Lines{"routes[0].response_headers.add.X: must not hold CR, LF, NUL or other control characters"});
}

TEST_CASE("a token stands in one place each, and only a header has a prefix") {
  CHECK(policy("jwt: {providers: [shop], from: [{header: X, prefix: Bearer}, {cookie: c}, {query: q}, {websocket_protocol: b}]}") == Lines{});
  CHECK(policy("jwt: {providers: [shop], from: [{header: X, cookie: c}]}") ==
        Lines{"routes[0].jwt.from[0].cookie: cannot stand beside `header`"});
  CHECK(policy("jwt: {providers: [shop], from: [{}]}") ==
        Lines{"routes[0].jwt.from[0]: needs `header`, `cookie`, `query` or `websocket_protocol`: one place each"});
  CHECK(policy("jwt: {providers: [shop], from: [{cookie: c, prefix: x}]}") == Lines{"routes[0].jwt.from[0].prefix: needs `header`"});
}

TEST_CASE("the whole payload is for claim headers alone") {
  const std::string message = "`*` stands for the whole payload, in `claim_headers` alone";
  CHECK(policy("jwt: {providers: [shop], required_claims: ['*'], claims: [{claim: '*', equals: 1}]}") ==
        Lines{"routes[0].jwt.required_claims[0]: " + message, "routes[0].jwt.claims[0].claim: " + message});
  CHECK(provider("issuer: a, audiences: b, jwks_file: k, claims: [{claim: '*', equals: 1}]") ==
        Lines{"providers.shop.claims[0].claim: " + message});
  CHECK(route("claim_headers: {'*': X-Claims}") == Lines{});
}

TEST_CASE("route names are unique and fit for labels") {
  Sample sample;
  sample.policy = "jwt: {providers: [shop]}, upstream: orders}, {name: r, match: {path: /x}, public: true";
  CHECK(complaints(sample) == Lines{"routes[1].name: is the name of another route, routes[0]"});
}

TEST_CASE("two routes that take the same requests are refused") {
  CHECK(pair("path: /a", "path: /a") == same_requests);
  CHECK(pair("path_prefix: /a", "path_prefix: /a") == same_requests);
  CHECK(pair("path_prefix: /", "methods: [GET], host: a.example") == Lines{});
  CHECK(pair("host: a.example", "host: a.example, path_prefix: /") == same_requests);
  CHECK(pair("path_template: '/a/{x}'", "path_template: '/a/{y}'") == same_requests);
  CHECK(pair("path: /a, methods: [GET, POST]", "path: /a, methods: [POST, PUT]") == same_requests);
  CHECK(pair("host: [a.example, b.example]", "host: [B.example, c.example]") == same_requests);
  CHECK(pair("headers: {X-A: '1', X-B: '2'}", "headers: {x-b: '2', x-a: '1'}") == same_requests);
}

TEST_CASE("routes of which one is more specific stand side by side") {
  CHECK(pair("path: /a", "path_prefix: /a") == Lines{});
  CHECK(pair("path: /a", "path: /A") == Lines{});
  CHECK(pair("path: /a", "path: /a, methods: [GET]") == Lines{});
  CHECK(pair("path: /a, methods: [GET]", "path: /a, methods: [POST]") == Lines{});
  CHECK(pair("path: /a, host: x.example", "path: /a") == Lines{});
  CHECK(pair("path: /a, headers: {X: a}", "path: /a, headers: {X: b}") == Lines{});
  CHECK(pair("path_template: '/{a}/b'", "path_template: '/b/{a}'") == Lines{});
}
