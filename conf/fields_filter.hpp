// The field table of the filters, in the order in which they run.
#pragma once

#include "conf/spec.hpp"

namespace postern::conf {

template <class Visitor>
void describe(Visitor& v, Cors& c) {
  v.record("cors", "Which web pages may call this route from a browser. Preflights are answered without a token.");
  v.field("origins", c.origins,
          {.doc = "Origins such as `https://app.example.com`, compared exactly; or `*` alone for every one.",
           .format = Format::origin,
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("origin_patterns", c.origin_patterns,
          {.doc = "Patterns (RE2 syntax) for the whole origin; write dots as `\\.`.",
           .one_or_list = true,
           .not_empty = true});
  v.field("methods", c.methods,
          {.doc = "Methods that pages may use.", .format = Format::method, .not_empty = true, .unique = true});
  v.field("allow_headers", c.allow_headers,
          {.doc = "Request headers that pages may set, beside those that they always may. Bearer tokens need "
                  "`Authorization` here.",
           .format = Format::header_name,
           .unique = true});
  v.field("expose_headers", c.expose_headers,
          {.doc = "Response headers that pages may read, beside those that they always may.",
           .format = Format::header_name,
           .unique = true});
  v.field("credentials", c.credentials, {.doc = "Whether pages may send cookies. Not together with `*`."});
  v.field("max_age", c.max_age, {.doc = "How long a browser may keep the answer to a preflight.", .max = 86'400'000});
  v.at_least_one({"origins", "origin_patterns"}, "say which origins may call");
}

template <class Visitor>
void describe(Visitor& v, TokenSource& c) {
  v.record("token_source", "A place where a token may stand.");
  v.field("header", c.header, {.doc = "A header.", .format = Format::header_name});
  v.field("prefix", c.prefix,
          {.doc = "The word before the token in that header, such as `Bearer`; compared without case.",
           .format = Format::header_value});
  v.field("cookie", c.cookie, {.doc = "A cookie.", .format = Format::cookie_name});
  v.field("query", c.query, {.doc = "A query parameter. It ends up in logs and histories: the last resort."});
  v.field("websocket_protocol", c.websocket_protocol,
          {.doc = "The subprotocol that a browser's WebSocket offers before the token, such as `bearer`.",
           .format = Format::cookie_name});
  v.exactly_one({"header", "cookie", "query", "websocket_protocol"}, "one place each");
  v.needs("prefix", "header");
}

template <class Visitor>
void describe(Visitor& v, Jwt& c) {
  v.record("jwt", "What a request must prove.");
  v.field("providers", c.providers,
          {.doc = "Whose tokens are accepted, by their names in `providers`.",
           .required = true,
           .format = Format::name,
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("optional", c.optional,
          {.doc = "Lets requests without a token pass, without claim headers. A bad token is refused all the same."});
  v.field(
      "from", c.from,
      {.doc = "Where the token may stand. Without it: `Authorization: Bearer`, and on routes of the token service the "
              "access token's own cookie, where it sets one. Elsewhere a token is not looked at.",
       .not_empty = true});
  v.field("keep_token", c.keep_token,
          {.doc = "Whether the upstream gets the token too. By default it is removed, but where the route observes."});
  v.field("fail", c.fail,
          {.doc = "While nobody knows what was revoked (`revocations.patience`, `token_service.revocation_patience`): "
                  "`closed` answers 503, `open` lets valid tokens pass, revoked or not."});
  v.field("scopes", c.scopes,
          {.doc = "Scopes (`scope` or `scp`) that the token must have. Else 403.",
           .format = Format::scope,
           .one_or_list = true,
           .unique = true});
  v.field("scope_match", c.scope_match, {.doc = "Whether the token must have `any` or `all` of `scopes`."});
  v.field("required_claims", c.required_claims,
          {.doc = "Claims that must be there. Else 403.", .format = Format::claim});
  v.field("claims", c.claims, {.doc = "What claims must be. Else 403."});
}

template <class Visitor>
void describe(Visitor& v, ClaimHeader& c) {
  v.record("claim_header", "A header made of a verified claim.");
  v.field("claim", c.claim,
          {.doc = "The claim's name as in `claims`; `*` stands for the whole payload.",
           .required = true,
           .format = Format::claim});
  v.field("header", c.header,
          {.doc = "The header that the upstream gets.", .required = true, .format = Format::header_name});
  v.field(
      "format", c.format,
      {.doc = "How the claim is written. Without it: `plain` for a text, number or boolean, `csv` for an array, "
              "`json` for an object. `repeated` sends one header for each item. All but the two of JSON are "
              "percent-encoded, and to be decoded as UTF-8: what is not printable ASCII, `%`, a space at either end, "
              "`,` in the items of `csv` and `repeated`, every space in those of `space`. `json` has `\\u` escapes "
              "instead."});
}

}  // namespace postern::conf
