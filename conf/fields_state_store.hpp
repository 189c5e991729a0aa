// The field table of the store, and of what is kept there without a token service.
#pragma once

#include "conf/spec.hpp"

namespace postern::conf {

template <class Visitor>
void describe(Visitor& v, RedisStore& c) {
  v.record(
      "redis_store",
      "A Redis, 6.2 or later: one server, with or without replicas, a master that Sentinel names, or a cluster. "
      "What it has accepted is as durable as it is set up: without `appendonly yes` a restart forgets sessions and "
      "revocations. `maxmemory-policy` must be `noeviction`: an eviction would let revoked tokens live again.");
  v.field("url", c.url,
          {.doc = "`redis://[user[:password]@]host[:port][/database]`; `rediss://` for TLS. User and password are "
                  "percent-encoded."});
  v.field(
      "sentinels", c.sentinels,
      {.doc = "Sentinels, `host:port` (26379 without a port). Before each connection they are asked in turn who the "
              "master is. The user must be allowed `ROLE`.",
       .format = Format::authority,
       .not_empty = true,
       .unique = true});
  v.field("nodes", c.nodes,
          {.doc = "Some nodes of a cluster, `host:port` (6379 without a port). The first that answers leads to the one "
                  "that has the keys.",
           .format = Format::authority,
           .not_empty = true,
           .unique = true});
  v.field("master_name", c.master_name,
          {.doc = "The name of the master in Sentinel's configuration.", .format = Format::name});
  v.field("sentinel_user", c.sentinel_user, {.doc = "The user of Sentinel's own ACL. Without one: `default`."});
  v.field("sentinel_password", c.sentinel_password,
          {.doc = "Sentinel's own password. Without it none is sent: that of Redis is not tried."});
  v.field("sentinel_password_file", c.sentinel_password_file,
          {.doc = "A file with Sentinel's password: the bytes as they are, less one final newline."});
  v.field("user", c.user, {.doc = "The user of its ACL, where the URL has none. Without one: `default`."});
  v.field("password", c.password, {.doc = "The password, best from the environment: `${REDIS_PASSWORD}`."});
  v.field("password_file", c.password_file,
          {.doc = "A file with the password: the bytes as they are, less one final newline."});
  v.field(
      "tls", c.tls,
      {.doc = "For `rediss://`. Beside `sentinels` or `nodes` it says that all of them speak TLS; `{}` is enough."});
  v.field("key_prefix", c.key_prefix,
          {.doc = "Every key begins with this in braces, which keeps all of them on one node of a cluster.",
           .format = Format::name});
  v.field(
      "timeout", c.timeout,
      {.doc = "For a connection and its greeting, and for the answer to a call.", .min = 50, .max = 5 * one_second});
  v.field("wait_replicas", c.wait_replicas,
          {.doc = "So many replicas must have a new session, a rotation, a revocation or a signing key (`WAIT`); else "
                  "the call fails after half of `timeout`, although it has happened. The user must be allowed `WAIT`.",
           .max = 16});
  v.exactly_one({"url", "sentinels", "nodes"}, "there is one way to the server");
  v.needs("sentinels", "master_name");
  v.needs("master_name", "sentinels");
  v.needs("sentinel_user", "sentinels");
  v.needs("sentinel_password", "sentinels");
  v.needs("sentinel_password_file", "sentinels");
  v.at_most_one({"password", "password_file"}, "the password is given in one place");
  v.at_most_one({"sentinel_password", "sentinel_password_file"}, "the password is given in one place");
}

template <class Visitor>
void describe(Visitor& v, StateStore& c) {
  v.record("state_store", "Where sessions, revocations and signing keys are kept.");
  v.field(
      "sqlite", c.sqlite,
      {.doc = "A file on a local disk, made when it is missing, with rights for its owner alone. All gateways of one "
              "machine may share it."});
  v.field(
      "redis", c.redis,
      {.doc = "A Redis that gateways of several machines share. One that cannot be reached does not keep the gateway "
              "from starting.",
       .value_member = "url"});
  v.exactly_one({"sqlite", "redis"}, "all of it is kept in one place");
}

template <class Visitor>
void describe_patience(Visitor& v, std::string_view key, Duration& patience) {
  v.field(key, patience,
          {.doc = "How long the store may be silent before nobody knows what was revoked: from then on routes do as "
                  "their `fail` says, and the gateway is not ready.",
           .min = 5 * one_second,
           .max = one_hour});
}

template <class Visitor>
void describe(Visitor& v, Revocations& c) {
  v.record("revocations", "Revocation of the providers' tokens, for those without a token service.");
  v.field("store", c.store, {.doc = "Where revocations are kept.", .required = true});
  describe_patience(v, "patience", c.patience);
}

}  // namespace postern::conf
