// The configuration as values: what the file says after parsing, defaults filled in, nothing looked up or opened yet.
// The names of members are the keys of the file; conf/fields.hpp lists them once for loader, schema, printer and docs.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/pattern.hpp"
#include "base/secret.hpp"
#include "conf/state_store.hpp"
#include "conf/token_service.hpp"
#include "conf/upstream_tls.hpp"
#include "conf/values.hpp"

namespace postern::conf {

struct Certificate {
  FilePath certificate_file;       // PEM, leaf first
  FilePath key_file;               // PEM
  std::vector<std::string> hosts;  // SNI names, `*.example.com` too; empty: the names in the certificate
  bool operator==(const Certificate&) const = default;
};

struct ListenerTls {
  std::vector<Certificate> certificates;  // the first answers clients without a known SNI name
  std::string min_version = "1.2";        // 1.2 or 1.3
  bool operator==(const ListenerTls&) const = default;
};

struct Listener {
  std::string address;  // `0.0.0.0:8080`, `[::]:8080`; port 0: the kernel chooses
  std::optional<ListenerTls> tls;
  bool redirect_to_https = false;           // its clients are sent elsewhere, and nothing else
  std::optional<std::uint32_t> https_port;  // where that is not 443
  bool operator==(const Listener&) const = default;
};

struct Admin {
  std::string address = "127.0.0.1:9901";  // or `off`
};

struct Limits {
  Bytes head_bytes{16 * 1024};               // request line and fields: 431
  std::uint32_t head_fields = 100;           // 431
  Bytes token_bytes{8 * 1024};               // 431
  Bytes body_bytes{0};                       // of a request; 0: no limit; 413
  Bytes response_head_bytes{32 * 1024};      // of an upstream's response; 502
  std::uint32_t response_head_fields = 100;  // 502
  Bytes claim_header_bytes{8 * 1024};        // all headers made of claims together; 401 claim_unusable
  Bytes token_cache{64 * 1024 * 1024};       // the verified tokens that each worker keeps
};

struct Timeouts {
  Duration head{10'000};          // from the first byte of a request's head to its last: 408
  Duration idle{60'000};          // a connection between requests
  Duration connect{5'000};        // to an upstream endpoint, TLS included: 504
  Duration response{60'000};      // from the request's last byte to the response's head: 504
  Duration stream_idle{300'000};  // between two reads or writes of a body or tunnel
  Duration total{0};              // the whole exchange; 0: off
  Duration drain{30'000};         // what SIGTERM leaves to requests in flight; 0: nothing
};

// ---- providers

// A claim's place: `realm_access.roles` (a literal member name wins over the path) or a list of segments.
struct ClaimName {
  std::variant<std::string, std::vector<std::string>> path;
  bool operator==(const ClaimName&) const = default;
};

// Exactly one of the four conditions.
struct ClaimRule {
  ClaimName claim;
  std::optional<Json> equals;
  std::optional<std::vector<Json>> one_of;
  std::optional<Json> contains;
  std::optional<Pattern> matches;
};

// A list that may be the word `any` instead.
struct AnyOr {
  bool any = false;
  std::vector<std::string> names;
  bool operator==(const AnyOr&) const = default;
};

enum class MatchKind { any, all };
enum class ReadyWhen { any, all, none };  // which providers must have keys before /readyz says so
enum class SecretEncoding { raw, base64, base64url, hex };

struct Provider {
  AnyOr issuer;     // one, several, or `any`
  AnyOr audiences;  // required; `any` accepts a token without `aud`
  MatchKind audience_match = MatchKind::any;
  std::vector<FilePath> jwks_file;    // one or several
  std::vector<FilePath> pem_file;     // one or several
  std::vector<FilePath> secret_file;  // one or several; raw bytes less one final newline
  Secret secret;                      // the twin of secret_file, e.g. "${JWT_SECRET}"
  SecretEncoding secret_encoding = SecretEncoding::raw;
  // Without any of the files and secrets above the keys come from the issuer itself.
  std::string jwks_uri;                   // instead of discovery
  std::string discovery_url;              // of the metadata document, instead of the issuer's well-known places
  std::vector<std::string> tenants;       // what may stand for `{tenant}` in `issuer`
  Duration min_refresh{60'000};           // between two regular fetches, whatever the response asks for
  Duration max_refresh{900'000};          // a fetch at least so often
  Duration max_stale{86'400'000};         // how long the last good keys serve without a successful fetch
  Duration unknown_kid_cooldown{30'000};  // between fetches for an unknown kid, beyond a burst of two
  Duration fetch_timeout{5'000};          // for each phase of a fetch
  bool allow_http = false;                // http:// elsewhere than to loopback
  bool allow_link_local = false;          // 169.254.0.0/16 and fe80::/10
  FilePath ca_file;                       // empty: the system's certificates
  FilePath certificate_file;              // client certificate
  FilePath key_file;
  FilePath fetch_headers_file;          // `Name: value` lines to send with each fetch
  std::string proxy;                    // a URL, `none`, or empty: HTTPS_PROXY and NO_PROXY
  std::vector<std::string> algorithms;  // empty: the asymmetric ones, or HS256 for a secret
  Duration leeway{60'000};              // at most 300 s
  std::optional<Duration> max_lifetime;
  bool require_exp = true;
  std::vector<std::string> types;  // accepted `typ` values; empty: JWT and at+jwt
  std::vector<ClaimName> required_claims;
  std::vector<ClaimRule> claims;
};

// ---- upstreams

struct UpstreamPool {
  Duration idle{60'000};         // an unused connection is closed after this
  std::uint32_t max_idle = 128;  // unused connections kept for each worker
  bool operator==(const UpstreamPool&) const = default;
};

struct Upstream {
  std::vector<std::string> endpoints;  // `http://host:port` or `https://host:port`, all of one scheme
  std::string host;                    // replaces the request's Host; empty: it goes on unchanged
  UpstreamTls tls;
  UpstreamPool pool;
  std::optional<std::uint32_t> max_requests;  // at once, over all workers; none: any number
  bool operator==(const Upstream&) const = default;
};

// ---- routes

// Exactly one of value, matches, present.
struct HeaderMatch {
  std::optional<std::string> value;
  std::optional<Pattern> matches;
  std::optional<bool> present;
};

struct RouteMatch {
  std::vector<std::string> host;     // `shop.example.com`, `*.example.com`; empty: any
  std::string path;                  // exactly one of the three; none: every path
  std::string path_prefix;           // on segment borders
  std::string path_template;         // `/users/{id}/orders`; a name stands for one whole segment
  std::vector<std::string> methods;  // empty: any
  std::map<std::string, HeaderMatch> headers;
};

// Applied in the order remove, set, add.
struct HeaderOperations {
  std::vector<std::string> remove;
  std::map<std::string, std::string> set;
  std::map<std::string, std::string> add;
};

struct DirectResponse {
  std::uint32_t status = 200;  // 200-599
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

struct Redirect {
  std::uint32_t status = 302;  // 301, 302, 303, 307, 308
  std::string to;              // an absolute URL, or a path; `{path}` and `{query}` stand for the request's own
};

// Where a token may stand; exactly one of header, cookie, query, websocket_protocol.
struct TokenSource {
  std::string header;
  std::string prefix;  // of a header's value, e.g. `Bearer`; without case, followed by a space
  std::string cookie;
  std::string query;
  std::string websocket_protocol;  // the subprotocol that comes before the token, e.g. `bearer`
  bool operator==(const TokenSource&) const = default;
};

// ---- one struct for each filter; its key in a route is the filter's name

// What happens to tokens while nobody can say whether they were revoked.
enum class Fail { closed, open };

struct Jwt {
  std::vector<std::string> providers;
  bool optional = false;          // no token passes; a bad one does not
  std::vector<TokenSource> from;  // empty: `Authorization: Bearer`, and the token service's own cookies
  bool keep_token = false;        // forward the token to the upstream
  Fail fail = Fail::closed;
  std::vector<std::string> scopes;
  MatchKind scope_match = MatchKind::all;
  std::vector<ClaimName> required_claims;
  std::vector<ClaimRule> claims;
};

enum class ClaimFormat { plain, csv, space, json, base64json, repeated };

struct ClaimHeader {
  ClaimName claim;  // `*`: the whole payload
  std::string header;
  std::optional<ClaimFormat> format;  // none: plain for a scalar, csv for an array, json for an object
};

struct Cors {
  std::vector<std::string> origins;      // exact, `https://app.example.com`; or `*` alone
  std::vector<Pattern> origin_patterns;  // whole origin, RE2 syntax
  std::vector<std::string> methods = {"GET", "HEAD", "POST"};
  std::vector<std::string> allow_headers;  // request headers, beside the safelisted ones
  std::vector<std::string> expose_headers;
  bool credentials = false;  // refused together with `*`
  Duration max_age{600'000};
};

struct Route {
  std::string name;
  RouteMatch match;
  std::string upstream;  // exactly one of upstream, direct_response, redirect
  std::optional<DirectResponse> direct_response;
  std::optional<Redirect> redirect;
  std::string strip_prefix;  // of the path, on a segment border
  std::string set_path;      // `/v2/{id}`; names of path_template
  HeaderOperations request_headers;
  HeaderOperations response_headers;
  bool public_ = false;  // key `public`: exactly one of public and jwt
  bool observe = false;
  bool allow_encoded_slash = false;             // `%2F` and `%5C` in the path; else 400
  bool keep_method_override = false;            // X-HTTP-Method-Override reaches the upstream
  std::optional<Bytes> body_limit;              // instead of limits.body_bytes
  std::optional<Duration> response_timeout;     // instead of timeouts.response
  std::optional<Duration> total_timeout;        // instead of timeouts.total
  std::optional<Duration> stream_idle_timeout;  // instead of timeouts.stream_idle
  std::optional<Jwt> jwt;
  std::vector<ClaimHeader> claim_headers;
  std::optional<Cors> cors;
};

struct Config {
  std::vector<Listener> listeners;
  Admin admin;
  std::string access_log = "stdout";         // `stdout`, `off` or a file
  FilePath access_log_file;                  // set by the loader when access_log names a file
  std::uint32_t workers = 0;                 // 0: `auto`, the CPUs allowed
  bool observe = false;                      // for every route
  std::vector<std::string> trusted_proxies;  // CIDRs whose X-Forwarded-* are believed and appended to
  bool forwarded = false;                    // also send RFC 7239's Forwarded
  Limits limits;
  Timeouts timeouts;
  FilePath key_cache_dir;  // where the last good keys of each provider are kept; empty: nowhere
  ReadyWhen ready_when = ReadyWhen::all;
  std::map<std::string, Provider> providers;
  std::optional<TokenService> token_service;
  std::optional<Revocations> revocations;  // without a token service, whose store has them
  std::map<std::string, Upstream> upstreams;
  std::vector<Route> routes;
};

}  // namespace postern::conf
