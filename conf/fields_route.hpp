// The field table of routes.
#pragma once

#include "conf/spec.hpp"

namespace postern::conf {

inline constexpr auto redirect_statuses = std::to_array<std::uint32_t>({301, 302, 303, 307, 308});

template <class Visitor>
void describe(Visitor& v, HeaderMatch& c) {
  v.record("header_match", "What a request's header must be.");
  v.field("value", c.value, {.doc = "It is exactly this.", .format = Format::header_value});
  v.field("matches", c.matches, {.doc = "It matches this pattern (RE2 syntax) as a whole."});
  v.field("present", c.present, {.doc = "It is there (`true`) or not there (`false`)."});
  v.exactly_one({"value", "matches", "present"}, "a header has one condition");
}

template <class Visitor>
void describe(Visitor& v, RouteMatch& c) {
  v.record("route_match", "Which requests a route takes. All that is given must hold.");
  v.field("host", c.host,
          {.doc = "Hosts, without a port: `shop.example.com`, or `*.example.com` for everything below.",
           .format = Format::host_pattern,
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("path", c.path, {.doc = "Exactly this path.", .format = Format::path});
  v.field(
      "path_prefix", c.path_prefix,
      {.doc = "This path and everything below: `/orders` takes `/orders` and `/orders/7`, not `/ordersX`; `/orders/` "
              "takes what is below alone, not `/orders`.",
       .format = Format::path});
  v.field("path_template", c.path_template,
          {.doc = "A path in which `{name}` stands for any one segment: `/users/{id}/orders`.",
           .format = Format::path_template});
  v.field("methods", c.methods,
          {.doc = "Methods; `GET` takes HEAD too. Without it: all.",
           .format = Format::method,
           .one_or_list = true,
           .not_empty = true,
           .unique = true});
  v.field("headers", c.headers,
          {.doc = "Conditions on headers, by the header's name; a text alone is the header's exact value.",
           .key_format = Format::header_name,
           .value_member = "value"});
  v.at_most_one({"path", "path_prefix", "path_template"}, "a route has one path");
}

template <class Visitor>
void describe(Visitor& v, HeaderOperations& c) {
  v.record("header_operations", "Changes to headers, applied in the order remove, set, add.");
  v.field("remove", c.remove,
          {.doc = "Headers to remove.", .format = Format::header_name, .one_or_list = true, .unique = true});
  v.field("set", c.set,
          {.doc = "Headers to set, instead of what was there.",
           .format = Format::header_value,
           .key_format = Format::header_name});
  v.field(
      "add", c.add,
      {.doc = "Headers to add to what is there.", .format = Format::header_value, .key_format = Format::header_name});
}

template <class Visitor>
void describe(Visitor& v, DirectResponse& c) {
  v.record("direct_response", "An answer of the gateway's own.");
  v.field("status", c.status, {.doc = "The status code.", .min = 200, .max = 599});
  v.field("body", c.body, {.doc = "The body.", .format = Format::text});
  v.field("content_type", c.content_type, {.doc = "The body's type.", .format = Format::header_value});
}

template <class Visitor>
void describe(Visitor& v, Redirect& c) {
  v.record("redirect", "A redirect.");
  v.field("status", c.status, {.doc = "The status code.", .numbers = redirect_statuses});
  v.field("to", c.to,
          {.doc = "A URL, or a path. `{path}` stands for the request's path, `{query}` for its query with the `?`.",
           .required = true,
           .format = Format::redirect_target});
}

template <class Visitor>
void describe_target(Visitor& v, Route& c) {
  v.field("upstream", c.upstream,
          {.doc = "The upstream that gets the requests, by its name in `upstreams`.", .format = Format::name});
  v.field("direct_response", c.direct_response, {.doc = "Answer without an upstream."});
  v.field("redirect", c.redirect, {.doc = "Send the client elsewhere."});
  v.field("strip_prefix", c.strip_prefix,
          {.doc = "Removed from the start of the path before the upstream gets it; a prefix of the path that the route "
                  "matches.",
           .format = Format::path});
  v.field(
      "set_path", c.set_path,
      {.doc = "The whole path that the upstream gets instead: what followed a `path_prefix` is not kept. May use the "
              "names of `path_template`: `/v2/{id}`.",
       .format = Format::path_template});
  v.field("request_headers", c.request_headers,
          {.doc = "Changes to the request's headers before the upstream gets them."});
  v.field(
      "response_headers", c.response_headers,
      {.doc =
           "Changes to the response's headers before the client gets them. The gateway's own refusals keep theirs."});
}

template <class Visitor>
void describe_bounds(Visitor& v, Route& c) {
  v.field("observe", c.observe,
          {.doc = "Decide, count and log as always, but let every request pass. Refused ones get no claim headers."});
  v.field("allow_encoded_slash", c.allow_encoded_slash,
          {.doc = "Accepts `%2F` and `%5C` in the path, which many upstreams read as a slash. Else 400."});
  v.field("keep_method_override", c.keep_method_override, {.doc = "Lets `X-HTTP-Method-Override` reach the upstream."});
  v.field("body_limit", c.body_limit, {.doc = "Instead of `limits.body_bytes`.", .zero_word = "off"});
  v.field("response_timeout", c.response_timeout,
          {.doc = "Instead of `timeouts.response`.", .min = 1, .max = 86'400'000});
  v.field("total_timeout", c.total_timeout,
          {.doc = "Instead of `timeouts.total`.", .max = 7 * 86'400'000ull, .zero_word = "off"});
  v.field("stream_idle_timeout", c.stream_idle_timeout,
          {.doc = "Instead of `timeouts.stream_idle`.", .min = 1, .max = 7 * 86'400'000ull});
}

// One line for each filter.
template <class Visitor>
void describe_filters(Visitor& v, Route& c) {
  v.field("public", c.public_, {.doc = "Lets every request pass without a token."});
  v.field("cors", c.cors, {.doc = "Which web pages may call this route from a browser."});
  v.field("jwt", c.jwt, {.doc = "What a request must prove."});
  v.field("claim_headers", c.claim_headers,
          {.doc = "Verified claims as headers for the upstream. Every header named on any route is removed from what "
                  "clients send, on "
                  "every route. A map from claims to headers, or a list.",
           .not_empty = true,
           .key_member = "claim",
           .value_member = "header"});
}

template <class Visitor>
void describe(Visitor& v, Route& c) {
  v.record("route", "Which requests go where, and what they must prove.");
  v.field("name", c.name,
          {.doc = "Names the route in logs, metrics and messages.", .required = true, .format = Format::name});
  v.field("match", c.match, {.doc = "Which requests the route takes. Without it: all."});
  describe_target(v, c);
  describe_filters(v, c);
  describe_bounds(v, c);
  v.exactly_one({"upstream", "direct_response", "redirect"}, "say where the requests go");
  v.exactly_one({"jwt", "public"},
                "nothing is open by default: `jwt` asks for a token, `public: true` says that everybody may pass");
  v.at_most_one({"strip_prefix", "set_path"}, "the path is changed in one way");
  v.needs("claim_headers", "jwt");
  // Without an upstream these would do nothing; `request_headers` is in conf/check_routes.cpp.
  for (std::string_view key : {"claim_headers", "strip_prefix", "set_path", "keep_method_override", "response_timeout",
                               "stream_idle_timeout"}) {
    v.needs(key, "upstream");
  }
}

}  // namespace postern::conf
