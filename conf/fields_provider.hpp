// The field table of providers and of the rules for claims.
#pragma once

#include "conf/spec.hpp"

namespace postern::conf {

template <class Visitor>
void describe(Visitor& v, ClaimRule& c) {
  v.record("claim_rule", "What a claim must be.");
  v.field("claim", c.claim,
          {.doc = "The claim's name; dots lead into objects (`realm_access.roles`), a member with the literal name "
                  "goes first. Or the "
                  "names of the way as a list: `[a, b.c]`.",
           .required = true,
           .format = Format::claim});
  v.field("equals", c.equals, {.doc = "It is this value."});
  v.field("one_of", c.one_of, {.doc = "It is one of these values.", .not_empty = true});
  v.field("contains", c.contains,
          {.doc = "It is an array that holds this value, or a space-separated text with this word."});
  v.field("matches", c.matches, {.doc = "It is a text that matches this pattern (RE2 syntax) as a whole."});
  v.exactly_one({"equals", "one_of", "contains", "matches"}, "a rule has one condition");
}

// Where the keys are fetched and when.
template <class Visitor>
void describe_fetching(Visitor& v, Provider& c) {
  v.field("jwks_uri", c.jwks_uri,
          {.doc = "Where the keys are fetched, a JSON Web Key Set. Without it the issuer's metadata says so.",
           .format = Format::url});
  v.field("discovery_url", c.discovery_url,
          {.doc = "Where the issuer's metadata is fetched, such as an address inside the cluster. Without it: "
                  "`/.well-known/openid-configuration` and `/.well-known/oauth-authorization-server` of `issuer`. The "
                  "`issuer` in it must be the one here all the same.",
           .format = Format::url});
  v.field("min_refresh", c.min_refresh,
          {.doc = "The least time between two regular fetches, whatever `Cache-Control` asks for.",
           .min = one_second,
           .max = one_day});
  v.field("max_refresh", c.max_refresh,
          {.doc = "The longest time between them; so long may a withdrawn key be trusted.",
           .min = one_second,
           .max = one_day});
  v.field("max_stale", c.max_stale,
          {.doc = "How long the last good keys serve while no fetch succeeds. After that tokens are answered with 503 "
                  "`keys_unavailable`.",
           .min = one_second,
           .max = 30 * one_day});
  v.field("unknown_kid_cooldown", c.unknown_kid_cooldown,
          {.doc = "A token with a `kid` that is not known has the keys fetched: twice at once, then once in this time.",
           .min = one_second,
           .max = one_hour});
  v.field("fetch_timeout", c.fetch_timeout,
          {.doc = "For each phase of a fetch: resolving, connecting, TLS, the response, its body.",
           .min = 100,
           .max = one_minute});
}

// How the connection to the provider is made.
template <class Visitor>
void describe_transport(Visitor& v, Provider& c) {
  v.field("allow_http", c.allow_http,
          {.doc = "Lets keys be fetched over `http://` from other hosts than this one; whoever stands between can "
                  "exchange them."});
  v.field("allow_link_local", c.allow_link_local,
          {.doc = "Lets keys be fetched from link-local addresses (169.254.0.0/16, fe80::/10), where clouds give "
                  "credentials to whoever asks."});
  v.field("ca_file", c.ca_file,
          {.doc = "Certificates (PEM) that vouch for the provider. Without it: those of the system."});
  v.field("certificate_file", c.certificate_file, {.doc = "A client certificate in PEM."});
  v.field("key_file", c.key_file, {.doc = "Its private key in PEM."});
  v.field("fetch_headers_file", c.fetch_headers_file,
          {.doc = "A file with headers to send with each fetch, one `Name: value` in each line."});
  v.field("proxy", c.proxy,
          {.doc = "The HTTP proxy that leads to the provider, `http://host:port`, or `none`. Without it: as "
                  "`HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.",
           .format = Format::proxy});
}

template <class Visitor>
void describe(Visitor& v, Provider& c) {
  v.record("provider",
           "Who issues tokens: its name in the tokens, its keys, and what every one of its tokens must satisfy. "
           "Without keys "
           "in files or a secret they are fetched, and fetched again, from where the issuer publishes them.");
  v.field("issuer", c.issuer,
          {.doc = "The `iss` of its tokens, compared byte for byte: one, a list of several, or the word `any` for "
                  "tokens whose issuer says nothing. The first is asked for the keys of all when these are fetched.",
           .required = true});
  v.field("tenants", c.tenants,
          {.doc = "What may stand in an issuer for the one name in braces: with `[a, b]` the issuer "
                  "`https://login.example/{tenant}/v2.0` is two.",
           .format = Format::tenant,
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("audiences", c.audiences,
          {.doc = "The `aud` values that mean this service. The word `any` accepts every token of the issuer, also one "
                  "without `aud`.",
           .required = true});
  v.field("audience_match", c.audience_match, {.doc = "Whether a token must name `any` or `all` of `audiences`."});
  v.field("jwks_file", c.jwks_file,
          {.doc = "Files with the issuer's public keys as a JSON Web Key Set. A key that cannot be used, here as in "
                  "`pem_file`, is skipped with a warning; a provider without any key is an error.",
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("pem_file", c.pem_file,
          {.doc = "Files with public keys or certificates in PEM.",
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("secret_file", c.secret_file,
          {.doc = "Files with a secret shared with the issuer (HS256, HS384, HS512): the bytes as they are, less one "
                  "final newline.",
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("secret", c.secret, {.doc = "The same in the configuration, best from the environment: `${JWT_SECRET}`."});
  v.field("secret_encoding", c.secret_encoding, {.doc = "How the secret is written."});
  describe_fetching(v, c);
  describe_transport(v, c);
  v.field("algorithms", c.algorithms,
          {.doc = "The `alg` values accepted. Without it: RS, PS and ES 256-384-512, ES256K and EdDSA for public keys; "
                  "HS256 for a secret.",
           .format = Format::algorithm,
           .not_empty = true,
           .unique = true});
  v.field("leeway", c.leeway, {.doc = "How far the clocks may differ when times are compared.", .max = 300'000});
  v.field("max_lifetime", c.max_lifetime,
          {.doc = "Refuses tokens with a longer life, from `iat` to `exp`, and those without `iat`.", .min = 1'000});
  v.field("require_exp", c.require_exp, {.doc = "Whether a token without `exp` is refused."});
  v.field("types", c.types,
          {.doc = "The `typ` values accepted in the token's header, without regard to case. Without it: `JWT` and "
                  "`at+jwt`. A token "
                  "without `typ` is accepted.",
           .not_empty = true,
           .unique = true});
  v.field("required_claims", c.required_claims, {.doc = "Claims that must be there.", .format = Format::claim});
  v.field("claims", c.claims, {.doc = "What claims must be. A token that fails is answered with 401."});
  v.at_most_one({"secret_file", "secret"}, "a secret is given in one place");
  v.at_most_one({"jwks_uri", "discovery_url"}, "the metadata would say where the keys are, and nobody would ask it");
  v.needs("certificate_file", "key_file");
  v.needs("key_file", "certificate_file");
}

}  // namespace postern::conf
