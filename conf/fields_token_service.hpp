// The field table of the token service.
#pragma once

#include "conf/fields_state_store.hpp"
#include "conf/spec.hpp"

namespace postern::conf {

template <class Visitor>
void describe(Visitor& v, SessionCookies& c) {
  v.record("session_cookies",
           "The two cookies of a browser's session: `HttpOnly`, `Path=/`, and never sent to an upstream.");
  v.field("same_site", c.same_site, {.doc = "Their `SameSite`."});
  v.field("secure", c.secure,
          {.doc = "`Secure`, and the names begin with `__Host-`. `false` is for plain http on this machine: the names "
                  "lose the prefix, which browsers refuse there."});
  v.field("access_name", c.access_name,
          {.doc = "Name of the access token's cookie, without the prefix.", .format = Format::cookie_name});
  v.field("refresh_name", c.refresh_name,
          {.doc = "Name of the refresh token's cookie, without the prefix.", .format = Format::cookie_name});
  v.field(
      "renew", c.renew,
      {.doc = "Whether a request on a route of the service, whose access token has expired, gets new tokens for its "
              "refresh token and goes on with them."});
}

template <class Visitor>
void describe(Visitor& v, SigningKeys& c) {
  static constexpr auto algorithms = std::to_array<std::string_view>({"ES256", "ES384", "EdDSA", "RS256", "PS256"});
  v.record("signing_keys", "The keys that sign access tokens. They are made, published and replaced by themselves.");
  v.field("algorithm", c.algorithm, {.doc = "What new keys sign with.", .words = algorithms});
  v.field("rotate_every", c.rotate_every,
          {.doc = "How long a key signs.", .min = one_minute, .max = most_rotate_every.count()});
  v.field("publish_ahead", c.publish_ahead,
          {.doc = "How long the next key stands in the JWKS before it signs, so that whoever keeps a copy has it.",
           .max = most_publish_ahead.count()});
  v.field(
      "encryption_secret_file", c.encryption_secret_file,
      {.doc = "A file with at least 32 random bytes, less one final newline, under which private keys are encrypted "
              "before they are kept: the same for all gateways of a store. Needed with Redis, because whoever reads it "
              "could sign as anybody. A key that was kept under another one, or without, is not used any more."});
  v.field("encryption_secret", c.encryption_secret,
          {.doc = "The same in the configuration, best from the environment: `${SIGNING_KEYS_SECRET}`."});
  v.at_most_one({"encryption_secret_file", "encryption_secret"}, "a secret is given in one place");
}

template <class Visitor>
void describe(Visitor& v, LoginLimits& c) {
  v.record("login_limits",
           "How many wrong passwords, and secrets of clients, in a time are answered before further ones get 429 "
           "`rate_limited`. A client's right secret is taken all the same.");
  v.field("user_and_address", c.user_and_address,
          {.doc = "For one user or client from one address (of IPv6: one /64).", .max = 1'000'000, .zero_word = "off"});
  v.field("address", c.address,
          {.doc = "From one address, for all users and clients.", .max = 1'000'000, .zero_word = "off"});
  v.field("user", c.user,
          {.doc = "For one user, from everywhere. Low, it would let anybody lock a user out.",
           .max = 1'000'000,
           .zero_word = "off"});
  v.field("window", c.window, {.doc = "The time in which they are counted.", .min = one_second, .max = one_day});
}

template <class Visitor>
void describe(Visitor& v, VerifyUrl& c) {
  v.record(
      "verify_url",
      "A service that knows the users. It gets `POST` with `{\"username\":...,\"password\":...}` as JSON and answers "
      "200 with the user's claims as a JSON object of at most 64 KiB, whose `sub`, if there is one, is the subject "
      "instead of the username; or 401, 403 or 404 when the two are not right. Every other answer, and none in time, "
      "is 503 `credentials_unavailable`. Proxies are used as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.");
  v.field("url", c.url, {.doc = "Where it is asked.", .required = true, .format = Format::url});
  v.field("timeout", c.timeout,
          {.doc = "For the whole of it, from resolving the name to the last byte of the answer.",
           .min = 100,
           .max = one_minute});
  v.field(
      "headers_file", c.headers_file,
      {.doc =
           "A file with headers to send, one `Name: value` in each line, such as what proves that the gateway asks."});
  v.field("ca_file", c.ca_file,
          {.doc = "Certificates (PEM) that vouch for the service. Without it: those of the system."});
  v.field("allow_http", c.allow_http,
          {.doc = "Lets passwords be sent over `http://` to other hosts than this one; whoever stands between can read "
                  "them."});
}

template <class Visitor>
void describe(Visitor& v, TokenClient& c) {
  static constexpr auto grants = std::to_array<std::string_view>({"client_credentials"});
  v.record("token_client", "A program that proves itself to the OAuth endpoints by a secret.");
  v.field("id", c.id,
          {.doc = "Its `client_id`, and the `sub` of its tokens: best a name that no user has.", .required = true});
  v.field("secret_file", c.secret_file,
          {.doc = "A file with its secret: at least 32 bytes, best random, less one final newline."});
  v.field("secret", c.secret, {.doc = "The same in the configuration, best from the environment: `${SHOP_SECRET}`."});
  v.field("grants", c.grants,
          {.doc = "What it may ask `/token` for: `client_credentials` gives it access tokens of its own. Refreshing is "
                  "for logins, which belong to no client.",
           .words = grants,
           .unique = true});
  v.field("scopes", c.scopes,
          {.doc = "The scopes that its tokens may have; a request may ask for fewer.",
           .format = Format::scope,
           .unique = true});
  v.field("audiences", c.audiences,
          {.doc = "The `aud` of its tokens, some of the service's `audiences`; a request may ask for one. Without it: "
                  "all of the service's.",
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("introspect", c.introspect, {.doc = "Whether it may ask `/introspect` about tokens, whosever they are."});
  v.exactly_one({"secret_file", "secret"}, "a client proves itself by one secret");
}

template <class Visitor>
void describe_lifetimes(Visitor& v, TokenService& c) {
  v.field("access_lifetime", c.access_lifetime,
          {.doc = "How long an access token is valid.", .min = one_second, .max = most_access_lifetime.count()});
  v.field("refresh_lifetime", c.refresh_lifetime,
          {.doc = "How long a refresh token is valid: a session that is not used for so long is over.",
           .min = one_second,
           .max = 90 * one_day});
  v.field("session_lifetime", c.session_lifetime,
          {.doc = "How long a session may be prolonged by use, from the login on.",
           .min = one_second,
           .max = 365 * one_day});
  v.field("reuse_grace", c.reuse_grace,
          {.doc = "How long a used refresh token still gives the session's current one, for parallel requests and lost "
                  "answers. Presented later it ends the session: two parties have it.",
           .max = one_minute});
  v.field("renew_expired_refresh", c.renew_expired_refresh,
          {.doc = "Whether a valid access token gets a new refresh token when the session's has expired. Never after a "
                  "logout, and never beyond `session_lifetime`."});
  v.field("leeway", c.leeway,
          {.doc = "How far the clocks of several gateways may differ when the service's tokens are checked.",
           .min = one_second,
           .max = most_leeway.count()});
}

template <class Visitor>
void describe(Visitor& v, TokenService& c) {
  v.record(
      "token_service",
      "Login, access and refresh tokens, logout. It is also the provider `token_service` for the routes. With "
      "neither `users_file` nor `verify_url` it is for `clients` alone: there is no login, and nothing to refresh.");
  v.field("issuer", c.issuer, {.doc = "The tokens' `iss`.", .required = true, .format = Format::url});
  v.field("audiences", c.audiences,
          {.doc = "The tokens' `aud`.", .required = true, .one_or_list = true, .not_empty = true, .unique = true});
  v.field("path", c.path, {.doc = "Where the endpoints are: `/auth/login` and so on.", .format = Format::path});
  v.field(
      "users_file", c.users_file,
      {.doc =
           "Names, password hashes and claims of the users; `postern users` writes it. Read again when it changes."});
  v.field("verify_url", c.verify_url, {.doc = "A service that knows the users, instead of a file."});
  v.field("store", c.store, {.doc = "Where sessions, revocations and signing keys are kept.", .required = true});
  describe_lifetimes(v, c);
  describe_patience(v, "revocation_patience", c.revocation_patience);
  v.field("access_claims", c.access_claims,
          {.doc = "Which members of a user's claims enter the access token. With `verify_url` a session keeps those of "
                  "its login.",
           .format = Format::line,
           .unique = true});
  v.field("deliver", c.deliver,
          {.doc = "How login and refresh give the tokens: as `json`, as `cookies`, or `both`. The last two need "
                  "`cookies:`; an empty map `{}` takes the defaults."});
  v.field("cookies", c.cookies, {.doc = "The cookies of browsers' sessions."});
  v.field("signing_keys", c.signing_keys, {.doc = "The keys that sign access tokens."});
  v.field("login_limits", c.login_limits, {.doc = "How many wrong passwords are answered."});
  v.field("clients", c.clients,
          {.doc = "The programs that use the OAuth endpoints: `/token`, `/revoke`, `/introspect`."});
  v.field("hashing_threads", c.hashing_threads,
          {.doc = "Threads that compare passwords. Each comparison takes 19 MiB and tens of milliseconds of a CPU. A "
                  "change needs a restart.",
           .min = 1,
           .max = 16});
  v.at_least_one({"users_file", "verify_url", "clients"}, "somebody must get tokens");
  v.at_most_one({"users_file", "verify_url"}, "the users are known in one place");
}

}  // namespace postern::conf
