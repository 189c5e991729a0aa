#include "sample.hpp"

using namespace postern::conf;

namespace {

// The complaints about a configuration with this token service beside one good route.
Lines service_complaints(const std::string& members, const std::string& more = "") {
  return complaints(
      "listeners: [{address: 127.0.0.1:0}]\n"
      "token_service: {issuer: https://shop.example.com, audiences: shop, users_file: u, store: {sqlite: s}" +
      (members.empty() ? "" : ", " + members) +
      "}\n"
      "upstreams: {orders: {endpoints: [http://a]}}\n"
      "routes: [{name: a, upstream: orders, jwt: {providers: token_service}" +
      more + "}]\n");
}

}  // namespace

TEST_CASE("the token service is a provider for the routes") {
  CHECK(service_complaints("") == Lines{});
  CHECK(complaints("listeners: [{address: 127.0.0.1:0}]\n"
                      "upstreams: {orders: {endpoints: [http://a]}}\n"
                      "routes: [{name: a, upstream: orders, jwt: {providers: token_service}}]\n") ==
        Lines{"routes[0].jwt.providers[0]: there is no provider `token_service`"});
  CHECK(complaints("listeners: [{address: 127.0.0.1:0}]\n"
                   "token_service: {issuer: https://shop.example.com, audiences: shop, users_file: u, store: {sqlite: s}}\n"
                   "providers: {token_service: {issuer: a, audiences: b, jwks_file: k}}\n"
                   "routes: [{name: a, public: true, redirect: {to: /x}}]\n") ==
        Lines{"providers.token_service: the name stands for the token service itself"});
}

TEST_CASE("what the token service needs must be said") {
  CHECK(complaints("listeners: [{address: 127.0.0.1:0}]\n"
                   "token_service: {}\n"
                   "routes: [{name: a, public: true, redirect: {to: /x}}]\n") ==
        Lines{"token_service.issuer: is required", "token_service.audiences: is required",
              "token_service.store: needs `sqlite` or `redis`: all of it is kept in one place",
              "token_service: needs `users_file`, `verify_url` or `clients`: somebody must get tokens"});
}

TEST_CASE("a token service without users is for clients alone") {
  const auto alone = [](const std::string& members, const std::string& route = "match: {path: /x}") {
    return complaints(
        "listeners: [{address: 127.0.0.1:0}]\n"
        "token_service: {issuer: https://shop.example.com, audiences: shop, store: {sqlite: s}" +
        members + "}\nroutes: [{name: a, public: true, redirect: {to: /x}, " + route + "}]\n");
  };
  const std::string client = "clients: [{id: c, secret: 0123456789abcdef0123456789abcdef, grants: [client_credentials]}]";
  CHECK(alone(", " + client) == Lines{});
  CHECK(alone(", clients: []") ==
        Lines{"token_service: needs `users_file`, `verify_url` or `clients`: somebody must get tokens"});
  CHECK(alone(", deliver: cookies, cookies: {}, access_claims: [role], " + client) ==
        Lines{"token_service.cookies: says nothing without `users_file` or `verify_url`: nobody logs in",
              "token_service.access_claims: says nothing without `users_file` or `verify_url`: nobody logs in"});
  for (const std::string path : {"/auth/login", "/auth/refresh", "/auth/logout"}) {
    CHECK(alone(", " + client, "match: {path: " + path + "}") == Lines{});
  }
  CHECK(alone(", " + client, "match: {path: /auth/token}") ==
        Lines{"routes[0].match.path: is an endpoint of `token_service`"});
}

TEST_CASE("the users are in a file, or another service knows them") {
  const auto verify = [](const std::string& members, const std::string& more = "") {
    return complaints(
        "listeners: [{address: 127.0.0.1:0}]\n"
        "token_service: {issuer: https://shop.example.com, audiences: shop, store: {sqlite: s}, "
        "verify_url: {" +
        members + "}" + more +
        "}\n"
        "routes: [{name: a, public: true, redirect: {to: /x}}]\n");
  };
  CHECK(verify("url: https://users.example.com/verify, headers_file: h, ca_file: c") == Lines{});
  CHECK(verify("url: https://users.example.com/verify", ", users_file: u") ==
        Lines{"token_service.verify_url: cannot stand beside `users_file`: the users are known in one place"});
  CHECK(verify("") == Lines{"token_service.verify_url.url: is required"});
  CHECK(verify("url: ftp://users.example.com") ==
        Lines{"token_service.verify_url.url: must be a URL that begins with `https://` or `http://`"});
  CHECK(verify("url: http://127.0.0.1:81") == Lines{});
  CHECK(verify("url: http://users.example.com, allow_http: true") == Lines{});
  CHECK(verify("url: http://users.example.com") ==
        Lines{"token_service.verify_url.url: is http:// to another host, where whoever stands between can read the "
              "passwords: write https://, or say `allow_http: true`"});
  CHECK(verify("url: https://a, timeout: 100ms") == Lines{});
  CHECK(verify("url: https://a, timeout: 1m") == Lines{});
  CHECK(verify("url: https://a, timeout: 99ms") == Lines{"token_service.verify_url.timeout: must be at least `100ms`"});
  CHECK(verify("url: https://a, timeout: 60001ms") == Lines{"token_service.verify_url.timeout: must be at most `1m`"});
}

TEST_CASE("an issuer is https, or http to loopback, without a query") {
  const auto issuer = [](const std::string& url) {
    return complaints("listeners: [{address: 127.0.0.1:0}]\n"
                         "token_service: {issuer: " + url + ", audiences: shop, users_file: u, store: {sqlite: s}}\n"
                         "routes: [{name: a, public: true, redirect: {to: /x}}]\n");
  };
  CHECK(issuer("http://127.0.0.1:8080") == Lines{});
  CHECK(issuer("http://shop.example.com") ==
        Lines{"token_service.issuer: must be https://; http:// is for loopback alone"});
  CHECK(issuer("'https://shop.example.com/?a'") ==
        Lines{"token_service.issuer: has a query, which an issuer may not have"});
}

TEST_CASE("a longer lifetime is not shorter than what it holds") {
  CHECK(service_complaints("access_lifetime: 10m, refresh_lifetime: 10m, session_lifetime: 10m") == Lines{});
  CHECK(service_complaints("access_lifetime: 10m, refresh_lifetime: 599s") ==
        Lines{"token_service.refresh_lifetime: is shorter than `access_lifetime`: nothing could be refreshed"});
  CHECK(service_complaints("refresh_lifetime: 10h, session_lifetime: 9h") ==
        Lines{"token_service.session_lifetime: is shorter than `refresh_lifetime`"});
  CHECK(service_complaints("signing_keys: {rotate_every: 2h, publish_ahead: 1h}") == Lines{});
  CHECK(service_complaints("signing_keys: {rotate_every: 2h, publish_ahead: 61m}") ==
        Lines{"token_service.signing_keys.publish_ahead: is longer than half of `rotate_every`"});
}

TEST_CASE("cookies and how tokens are delivered fit together") {
  CHECK(service_complaints("deliver: cookies, cookies: {}") == Lines{});
  CHECK(service_complaints("deliver: both") ==
        Lines{"token_service.deliver: needs `cookies`; an empty map `{}` takes the defaults"});
  CHECK(service_complaints("cookies: {}") == Lines{"token_service.cookies: says nothing with `deliver: json`"});
  CHECK(service_complaints("deliver: both, cookies: {same_site: none, secure: false}") ==
        Lines{"token_service.cookies.same_site: `none` needs `secure`: browsers drop such cookies"});
  CHECK(service_complaints("deliver: both, cookies: {access_name: a, refresh_name: a}") ==
        Lines{"token_service.cookies.refresh_name: is the access token's cookie as well"});
}

TEST_CASE("a cookie without Secure has no name that browsers drop without it") {
  const auto plain = [](const std::string& members) {
    return service_complaints("deliver: both, cookies: {secure: false" + members + "}");
  };
  const std::string why = ": begins with a prefix that needs `secure`: browsers drop such cookies";
  CHECK(plain("") == Lines{});
  CHECK(plain(", access_name: __Host, refresh_name: x__Host-y") == Lines{});
  CHECK(plain(", access_name: __Host-a, refresh_name: __secure-r") ==
        Lines{"token_service.cookies.access_name" + why, "token_service.cookies.refresh_name" + why});
  CHECK(service_complaints("deliver: both, cookies: {access_name: __Host-a, refresh_name: __Secure-r}") == Lines{});
}

TEST_CASE("a user's record cannot say what the service says") {
  CHECK(service_complaints("access_claims: [role, email]") == Lines{});
  CHECK(service_complaints("access_claims: [role, sub]") ==
        Lines{"token_service.access_claims[1]: is the service's own to say"});
}

TEST_CASE("no other provider has the service's issuer") {
  const std::string text =
      "listeners: [{address: 127.0.0.1:0}]\n"
      "token_service: {issuer: https://shop.example.com, audiences: shop, users_file: u, store: {sqlite: s}}\n"
      "routes: [{name: a, public: true, redirect: {to: /x}}]\n";
  const auto with_provider = [&](const std::string& issuer) {
    return complaints(text + "providers: {p: {issuer: '" + issuer + "', audiences: any, jwks_file: k}}\n");
  };
  CHECK(with_provider("https://id.example.com") == Lines{});
  CHECK(with_provider("https://shop.example.com") == Lines{"providers.p.issuer: is the token service's own"});
}

TEST_CASE("no route of the file takes an endpoint's path") {
  CHECK(service_complaints("", ", match: {path: /auth/login}") ==
        Lines{"routes[0].match.path: is an endpoint of `token_service`"});
  CHECK(service_complaints("path: /id", ", match: {path: /auth/login}") == Lines{});
  for (const std::string path :
       {"/auth/token", "/auth/revoke", "/auth/introspect", "/.well-known/oauth-authorization-server"}) {
    CHECK(service_complaints("", ", match: {path: " + path + "}") ==
          Lines{"routes[0].match.path: is an endpoint of `token_service`"});
  }
  CHECK(service_complaints("", ", match: {path_template: /auth/login, methods: [POST]}") ==
        Lines{"routes[0].match.path_template: is an endpoint of `token_service`"});
  CHECK(service_complaints("", ", match: {path_template: '/auth/{name}', methods: [POST]}") == Lines{});
  CHECK(service_complaints("path: /id/") == Lines{"token_service.path: ends with `/`; the endpoints' names follow after one"});
}

TEST_CASE("the endpoints of sessions are there where somebody can log in, the others always") {
  TokenService service;
  service.issuer = "https://example.com/shop";
  service.path = "/id";
  const auto lines = [&] {
    std::string text;
    for (const TokenEndpoint& endpoint : token_endpoints(service)) {
      text.append(endpoint.name).append(": ").append(endpoint.method).append(" ").append(endpoint.path).append("\n");
    }
    return text;
  };
  const std::string of_clients =
      "token: POST /id/token\nrevoke: POST /id/revoke\nintrospect: POST /id/introspect\njwks: GET /id/jwks.json\n"
      "metadata: GET /.well-known/oauth-authorization-server/shop\n";
  CHECK(lines() == of_clients);
  service.verify_url.emplace();
  CHECK(lines() == "login: POST /id/login\nrefresh: POST /id/refresh\nlogout: POST /id/logout\n" + of_clients);
}

TEST_CASE("the metadata stands where RFC 8414 section 3.1 looks for it: the issuer's path follows the well-known one") {
  TokenService service;
  const auto path = [&](const char* issuer) {
    service.issuer = issuer;
    return metadata_path(service);
  };
  CHECK(path("https://example.com") == "/.well-known/oauth-authorization-server");
  CHECK(path("https://example.com/") == "/.well-known/oauth-authorization-server");
  CHECK(path("https://example.com/issuer1") == "/.well-known/oauth-authorization-server/issuer1");
  CHECK(path("https://example.com/a/b/") == "/.well-known/oauth-authorization-server/a/b");
}

namespace {

Lines store_complaints(const std::string& store, const std::string& signing_keys = "encryption_secret_file: k") {
  return complaints(
      "listeners: [{address: 127.0.0.1:0}]\n"
      "token_service: {issuer: https://shop.example.com, audiences: shop, users_file: u, store: {" +
      store + "}, signing_keys: {" + signing_keys +
      "}}\n"
      "routes: [{name: a, public: true, redirect: {to: /x}}]\n");
}

Lines redis_complaints(const std::string& members) {
  return store_complaints("redis: {" + members + "}");
}

}  // namespace

TEST_CASE("a store in Redis is a URL, or a map with one") {
  CHECK(store_complaints("redis: 'redis://h'") == Lines{});
  CHECK(redis_complaints("url: 'redis://h:7000/1'") == Lines{});
  CHECK(redis_complaints("url: 'redis://u:p@h', key_prefix: shop, timeout: 50ms") == Lines{});
  CHECK(redis_complaints("url: 'rediss://u@h', password_file: p, tls: {ca_file: c, server_name: h}") == Lines{});
  CHECK(redis_complaints("url: 'redis://h', user: u, password: p, timeout: 5s") == Lines{});
  CHECK(redis_complaints("") ==
        Lines{"token_service.store.redis: needs `url`, `sentinels` or `nodes`: there is one way to the server"});
  CHECK(redis_complaints("url: 'redis://h', wait_replicas: 16") == Lines{});
  CHECK(redis_complaints("url: 'redis://h', wait_replicas: 17").size() == 1);
  CHECK(store_complaints("redis: 'http://h'") ==
        Lines{"token_service.store.redis.url: must be a URL that begins with `redis://`, or `rediss://` for TLS"});
  CHECK(store_complaints("redis: <redacted>") ==
        Lines{"token_service.store.redis.url: is the placeholder of `config print`; put the secret here"});
}

TEST_CASE("a Redis is named by Sentinels, with the master's name, or by nodes of its cluster") {
  CHECK(redis_complaints("sentinels: [a, '[::1]:26380'], master_name: m") == Lines{});
  CHECK(redis_complaints("sentinels: [a], master_name: m, sentinel_user: u, sentinel_password: p, tls: {}") == Lines{});
  CHECK(redis_complaints("sentinels: [a], master_name: m, user: u, password_file: p, sentinel_password_file: q") ==
        Lines{});
  CHECK(redis_complaints("nodes: ['a:7000', 10.0.0.1], tls: {ca_file: c}") == Lines{});
  CHECK(redis_complaints("nodes: [a], sentinels: [b], master_name: m").size() == 1);
  CHECK(redis_complaints("nodes: [a], url: 'redis://h'").size() == 1);
  CHECK(redis_complaints("sentinels: [a]") == Lines{"token_service.store.redis.sentinels: needs `master_name`"});
  CHECK(redis_complaints("nodes: [a], master_name: m") ==
        Lines{"token_service.store.redis.master_name: needs `sentinels`"});
  CHECK(redis_complaints("nodes: [a], sentinel_password: p") ==
        Lines{"token_service.store.redis.sentinel_password: needs `sentinels`"});
  CHECK(redis_complaints("sentinels: [a], master_name: m, sentinel_user: u") ==
        Lines{"token_service.store.redis.sentinel_user: has no password"});
  CHECK(redis_complaints("sentinels: [a], master_name: m, sentinel_password: p, sentinel_password_file: p").size() == 1);
  CHECK(redis_complaints("nodes: [a], user: u") == Lines{"token_service.store.redis: has a user without a password"});
  CHECK(redis_complaints("nodes: ['a:0']") == Lines{"token_service.store.redis.nodes[0]: the port must be 1 to 65535"});
  CHECK(redis_complaints("nodes: [a, a]") == Lines{"token_service.store.redis.nodes[1]: is in the list already"});
  CHECK(redis_complaints("nodes: ['redis://a']").size() == 1);
}

TEST_CASE("sessions are kept in one store") {
  CHECK(store_complaints("sqlite: s, redis: 'redis://h'") ==
        Lines{"token_service.store.redis: cannot stand beside `sqlite`"});
}

TEST_CASE("a Redis store has its user and its password in one place") {
  CHECK(redis_complaints("url: 'redis://u:p@h', user: v") ==
        Lines{"token_service.store.redis.user: stands in the URL as well"});
  CHECK(redis_complaints("url: 'redis://:p@h', password: q") ==
        Lines{"token_service.store.redis.password: stands in the URL as well"});
  CHECK(redis_complaints("url: 'redis://:p@h', password_file: q") ==
        Lines{"token_service.store.redis.password_file: stands in the URL as well"});
  CHECK(redis_complaints("url: 'redis://u@h'") == Lines{"token_service.store.redis: has a user without a password"});
  CHECK(redis_complaints("url: 'redis://h', user: u") ==
        Lines{"token_service.store.redis: has a user without a password"});
}

TEST_CASE("a Redis store's timeout and TLS settings are judged") {
  CHECK(redis_complaints("url: 'redis://h', timeout: 49ms").size() == 1);
  CHECK(redis_complaints("url: 'redis://h', timeout: 5001ms").size() == 1);
  CHECK(redis_complaints("url: 'redis://h', key_prefix: 'a}b'") ==
        Lines{"token_service.store.redis.key_prefix: must be 1 to 64 letters, digits, `_`, `.` or `-`"});
  CHECK(redis_complaints("url: 'redis://h', tls: {ca_file: c}") ==
        Lines{"token_service.store.redis.tls: says nothing without a `rediss://` URL"});
}

TEST_CASE("signing keys in Redis are encrypted under a secret of at least 32 bytes") {
  const std::string secret(32, 's');
  CHECK(store_complaints("redis: 'redis://h'", "encryption_secret: " + secret) == Lines{});
  CHECK(store_complaints("redis: 'redis://h'", "encryption_secret: " + secret.substr(1)) ==
        Lines{"token_service.signing_keys.encryption_secret: must have at least 32 bytes"});
  CHECK(
      store_complaints("redis: 'redis://h'", "") ==
      Lines{"token_service.signing_keys: needs `encryption_secret_file` with a store in Redis, from which others could "
            "read the keys"});
  CHECK(store_complaints("sqlite: s", "") == Lines{});
  CHECK(store_complaints("sqlite: s", "encryption_secret_file: k, encryption_secret: " + secret).size() == 1);
}
