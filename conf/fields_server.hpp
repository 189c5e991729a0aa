// The field table of the file itself, of listeners, limits and timeouts.
#pragma once

#include "conf/spec.hpp"

namespace postern::conf {

inline constexpr auto tls_versions = std::to_array<std::string_view>({"1.2", "1.3"});

template <class Visitor>
void describe(Visitor& v, Certificate& c) {
  v.record("certificate", "A certificate with its key.");
  v.field("certificate_file", c.certificate_file,
          {.doc = "The certificate chain in PEM, the server's own certificate first.", .required = true});
  v.field("key_file", c.key_file, {.doc = "Its private key in PEM.", .required = true});
  v.field("hosts", c.hosts,
          {.doc = "The server names (SNI) that get this certificate; `*.example.com` too. Without it: the names in the "
                  "certificate.",
           .format = Format::host_pattern,
           .unique = true});
}

template <class Visitor>
void describe(Visitor& v, ListenerTls& c) {
  v.record("listener_tls", "TLS on a listener.");
  v.field("certificates", c.certificates,
          {.doc = "Chosen by server name; the first answers clients that name none of them.",
           .required = true,
           .not_empty = true});
  v.field("min_version", c.min_version, {.doc = "The oldest TLS version spoken.", .words = tls_versions});
}

template <class Visitor>
void describe(Visitor& v, Listener& c) {
  v.record("listener", "Where clients connect.");
  v.field("address", c.address,
          {.doc = "An IP address and a port: `0.0.0.0:8080` for every IPv4 interface, `[::]:8080` for every interface. "
                  "With port 0 "
                  "the kernel chooses one, which the log names.",
           .required = true,
           .format = Format::listen_address});
  v.field("tls", c.tls, {.doc = "Without it the listener speaks plain HTTP."});
  v.field("redirect_to_https", c.redirect_to_https,
          {.doc = "Sends every request to `https`, with 308 and the request's own host, path and query; no route is "
                  "looked for. What `X-Forwarded-Proto` says does not matter: a proxy in front that ends TLS connects "
                  "to another listener."});
  v.field("https_port", c.https_port, {.doc = "Where `https` is, when not at port 443.", .min = 1, .max = 65'535});
  v.at_most_one({"tls", "redirect_to_https"}, "who connects there speaks https already");
  v.needs("https_port", "redirect_to_https");
}

template <class Visitor>
void describe(Visitor& v, Admin& c) {
  v.record("admin", "The operator's listener: health, metrics, the effective configuration. Keep it private.");
  v.field("address", c.address, {.doc = "An IP address and a port, or `off`.", .format = Format::admin_address});
}

template <class Visitor>
void describe(Visitor& v, Limits& c) {
  v.record("limits", "What a single exchange may use.");
  v.field("head_bytes", c.head_bytes,
          {.doc = "Request line and header fields of a request. More is answered with 431.",
           .min = one_kib,
           .max = one_mib});
  v.field("head_fields", c.head_fields,
          {.doc = "Header fields of a request. More is answered with 431.", .min = 8, .max = 10'000});
  v.field("token_bytes", c.token_bytes,
          {.doc = "A token. A longer one is answered with 431.", .min = 128, .max = one_mib});
  v.field("body_bytes", c.body_bytes,
          {.doc = "A request's body. More is answered with 413. A route's `body_limit` goes before it.",
           .zero_word = "off"});
  v.field("response_head_bytes", c.response_head_bytes,
          {.doc = "Status line and header fields of an upstream's response. More is answered with 502.",
           .min = one_kib,
           .max = one_mib});
  v.field("response_head_fields", c.response_head_fields,
          {.doc = "Header fields of an upstream's response. More is answered with 502.", .min = 8, .max = 10'000});
  v.field("claim_header_bytes", c.claim_header_bytes,
          {.doc = "All headers made of one token's claims. More is answered with 401 `claim_unusable`.",
           .min = 64,
           .max = one_mib});
  v.field(
      "token_cache", c.token_cache,
      {.doc = "What the verified tokens may take that each worker keeps, so that it checks a signature once; a token "
              "takes some 3 KiB. Those not used lately give way.",
       .min = one_mib,
       .max = 64 * one_gib});
}

template <class Visitor>
void describe(Visitor& v, Timeouts& c) {
  v.record("timeouts", "How long each part of an exchange may take.");
  v.field("head", c.head,
          {.doc = "From the first byte of a request's head to its last. Later: 408.", .min = 1, .max = one_hour});
  v.field("idle", c.idle, {.doc = "A client's connection between two requests.", .min = 1, .max = one_day});
  v.field("connect", c.connect,
          {.doc = "Connecting to an endpoint, its name and TLS included. Later: 504.", .min = 1, .max = one_hour});
  v.field("response", c.response,
          {.doc = "From the request's last byte to the response's head. Later: 504. A route's `response_timeout` goes "
                  "before it.",
           .min = 1,
           .max = one_day});
  v.field("stream_idle", c.stream_idle,
          {.doc = "Between two reads or writes of a body, or in a tunnel (WebSocket) without traffic.",
           .min = 1,
           .max = 7 * one_day});
  v.field("total", c.total,
          {.doc = "The whole exchange, from the request's first byte to the response's last.",
           .max = 7 * one_day,
           .zero_word = "off"});
  v.field("drain", c.drain,
          {.doc = "What SIGTERM leaves to the requests in flight; `0s` cuts them off at once.", .max = one_day});
}

template <class Visitor>
void describe(Visitor& v, Config& c) {
  v.record("configuration", "The whole file.");
  v.field("listeners", c.listeners, {.doc = "Where clients connect.", .required = true, .not_empty = true});
  v.field("admin", c.admin, {.doc = "The operator's listener."});
  v.field("access_log", c.access_log,
          {.doc = "One JSON line for each request: to `stdout`, to a file (opened again on SIGUSR1), or `off`.",
           .format = Format::log_target});
  v.field("workers", c.workers,
          {.doc = "Threads that serve requests. `auto`: as many as the CPUs that the process may use.",
           .min = 1,
           .max = 1024,
           .zero_word = "auto"});
  v.field("observe", c.observe,
          {.doc = "On every route: decide, count and log as always, but let every request pass. For a careful start."});
  v.field(
      "trusted_proxies", c.trusted_proxies,
      {.doc = "Networks of proxies whose `X-Forwarded-*` headers are believed and appended to; the client that they "
              "tell is the one of the log, of `X-Real-IP` and of login limits. From everybody else they are "
              "replaced.",
       .format = Format::cidr,
       .unique = true});
  v.field("forwarded", c.forwarded, {.doc = "Also send the `Forwarded` header (RFC 7239) to upstreams."});
  v.field("limits", c.limits, {.doc = "What a single exchange may use."});
  v.field("timeouts", c.timeouts, {.doc = "How long each part of an exchange may take."});
  v.field(
      "key_cache_dir", c.key_cache_dir,
      {.doc = "A folder in which the last good keys of each provider are kept, for a start while the provider cannot "
              "be reached. It is made when it is missing; whoever can write to it decides whom the gateway trusts.",
       .folder = true});
  v.field("ready_when", c.ready_when,
          {.doc = "How many of the providers must have keys before `/readyz` says so: `any` one of them, `all`, or "
                  "`none`, when routes without a token matter more. Those that no route uses count as well."});
  v.field("providers", c.providers, {.doc = "Who issues tokens, by a name that routes refer to."});
  v.field("token_service", c.token_service,
          {.doc = "Makes postern issue tokens: login, refresh, logout. For those without an identity provider."});
  v.field("revocations", c.revocations,
          {.doc = "Makes it possible to revoke the providers' tokens, by the admin listener and `postern tokens "
                  "revoke`. A token service brings that along: its `store` has the revocations."});
  v.field("upstreams", c.upstreams, {.doc = "The services behind the gateway, by a name that routes refer to."});
  v.field(
      "routes", c.routes,
      {.doc = "Which requests go where, and what they must prove. The most specific match wins, whatever the order "
              "here: first by host (exact, then the longest wildcard, then any), then by path (exact, then template, "
              "then the longest prefix), then by how many conditions on method and headers there are. So a host's "
              "own route goes before the routes of all hosts, however long their paths: a guard for all hosts does "
              "not cover `/admin` of a host that has a route for `/`. What no route matches is answered with 404.",
       .required = true,
       .not_empty = true});
}

}  // namespace postern::conf
