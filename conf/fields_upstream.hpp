// The field table of upstreams.
#pragma once

#include "conf/spec.hpp"

namespace postern::conf {

template <class Visitor>
void describe(Visitor& v, UpstreamTls& c) {
  v.record("upstream_tls", "TLS to `https://` endpoints, and to a store.");
  v.field("ca_file", c.ca_file,
          {.doc = "Certificates (PEM) that vouch for the endpoints. Without it: those of the system."});
  v.field("server_name", c.server_name,
          {.doc = "The name asked for (SNI) and looked for in the certificate. Without it: the endpoint's host.",
           .format = Format::host});
  v.field("verify", c.verify,
          {.doc = "`false` accepts any certificate, so anybody in between can read and change everything."});
  v.field("certificate_file", c.certificate_file, {.doc = "A client certificate in PEM."});
  v.field("key_file", c.key_file, {.doc = "Its private key in PEM."});
  v.needs("certificate_file", "key_file");
  v.needs("key_file", "certificate_file");
}

template <class Visitor>
void describe(Visitor& v, UpstreamPool& c) {
  v.record("upstream_pool", "Connections kept open between requests.");
  v.field("idle", c.idle, {.doc = "An unused connection is closed after this.", .min = 1, .max = 86'400'000});
  v.field("max_idle", c.max_idle, {.doc = "Unused connections kept by each worker.", .max = 100'000});
}

template <class Visitor>
void describe(Visitor& v, Upstream& c) {
  v.record("upstream", "A service behind the gateway.");
  v.field("endpoints", c.endpoints,
          {.doc = "Its addresses, all `http://host:port` or all `https://host:port`; without a port 80 or 443. A name "
                  "is looked up when it is needed and again after 30 s; while that fails, the addresses before serve. "
                  "A connection that is kept is used first; new ones go to the endpoints in turn, and where one cannot "
                  "be reached, to the next.",
           .required = true,
           .format = Format::endpoint,
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("host", c.host, {.doc = "Sent as Host instead of what the client sent.", .format = Format::authority});
  v.field("tls", c.tls, {.doc = "For `https://` endpoints."});
  v.field("pool", c.pool, {.doc = "Connections kept open between requests."});
  v.field("max_requests", c.max_requests,
          {.doc = "Requests that it has at once, over all workers; a WebSocket counts while it is open. One more is "
                  "answered with 503 `upstream_overloaded` at once. Without it: any number.",
           .min = 1,
           .max = 1'000'000});
}

}  // namespace postern::conf
