// Routes: what no single member can say.
#include "sample.hpp"

using namespace postern::conf;

TEST_CASE("a route is denied by default: it says jwt or public, not both and not neither") {
  const std::string reason =
      "nothing is open by default: `jwt` asks for a token, `public: true` says that everybody may pass";
  CHECK(policy_complaints("public: true") == Lines{});
  CHECK(policy_complaints("public: false, jwt: {providers: [shop]}") == Lines{});
  CHECK(policy_complaints("observe: false") == Lines{"routes[0]: needs `jwt` or `public`: " + reason});
  CHECK(policy_complaints("public: false") == Lines{"routes[0]: needs `jwt` or `public`: " + reason});
  CHECK(policy_complaints("public: true, jwt: {providers: [shop]}") ==
        Lines{"routes[0].public: cannot stand beside `jwt`"});
}

TEST_CASE("a route has one target") {
  CHECK(target_complaints("direct_response: {}") == Lines{});
  CHECK(target_complaints("redirect: {to: /x}") == Lines{});
  CHECK(target_complaints("observe: false") ==
        Lines{"routes[0]: needs `upstream`, `direct_response` or `redirect`: say where the requests go"});
  CHECK(target_complaints("upstream: orders, redirect: {to: /x}") ==
        Lines{"routes[0].redirect: cannot stand beside `upstream`"});
}

TEST_CASE("what concerns an upstream alone is refused on a route without one") {
  const auto told = [](const std::string& target, const std::string& member) {
    Sample sample;
    sample.target = target;
    sample.route = member;
    return complaints(sample);
  };
  for (const std::string member :
       {"request_headers: {set: {X-A: b}}", "response_timeout: 5s", "stream_idle_timeout: 5s",
        "keep_method_override: true", "claim_headers: {sub: X-User-Id}"}) {
    CAPTURE(member);
    const Lines refused = {"routes[0]." + member.substr(0, member.find(':')) + ": needs `upstream`"};
    CHECK(told("redirect: {to: /x}", member) == refused);
    CHECK(told("direct_response: {}", member) == refused);
    CHECK(told("upstream: orders", member) == Lines{});
  }
  for (const std::string member : {"request_headers: {}", "keep_method_override: false", "observe: true",
                                   "response_headers: {set: {X-A: b}}", "body_limit: 1KiB", "total_timeout: 5s"}) {
    CAPTURE(member);
    CHECK(told("redirect: {to: /x}", member) == Lines{});
  }
}

TEST_CASE("names must exist, and near ones are suggested") {
  CHECK(target_complaints("upstream: order") ==
        Lines{"routes[0].upstream: there is no upstream `order`; did you mean `orders`?"});
  CHECK(policy_complaints("jwt: {providers: [Shop]}") ==
        Lines{"routes[0].jwt.providers[0]: there is no provider `Shop`; did you mean `shop`?"});
  CHECK(policy_complaints("jwt: {providers: [zebra]}") ==
        Lines{"routes[0].jwt.providers[0]: there is no provider `zebra`; known: `shop`"});
}

TEST_CASE("a list does not repeat itself") {
  CHECK(policy_complaints("jwt: {providers: [shop, shop]}") ==
        Lines{"routes[0].jwt.providers[1]: is in the list already"});
  CHECK(
      provider_complaints("issuer: [a, a], audiences: [b], jwks_file: [k, k]") ==
      Lines{"providers.shop.issuer[1]: is in the list already", "providers.shop.jwks_file[1]: is in the list already"});
}

TEST_CASE("a match has one path") {
  CHECK(matched_complaints("path: /a, path_prefix: /b", "observe: false") ==
        Lines{"routes[0].match.path_prefix: cannot stand beside `path`: a route has one path"});
}

TEST_CASE("strip_prefix is a prefix of what the route matches") {
  const Lines refused = {
      "routes[0].strip_prefix: is not a prefix of the path that the route matches, so there is nothing to strip"};
  CHECK(matched_complaints("path_prefix: /a/b", "strip_prefix: /a") == Lines{});
  CHECK(matched_complaints("path_prefix: /a", "strip_prefix: /a") == Lines{});
  CHECK(matched_complaints("path: /a/b", "strip_prefix: /a") == Lines{});
  CHECK(matched_complaints("path_template: '/a/{id}'", "strip_prefix: /a") == Lines{});
  CHECK(matched_complaints("path_prefix: /ab", "strip_prefix: /a") == refused);
  CHECK(matched_complaints("path_prefix: /a", "strip_prefix: /a/b") == refused);
  CHECK(matched_complaints("host: a", "strip_prefix: /a") == refused);
  CHECK(matched_complaints("path_template: '/{id}'", "strip_prefix: /a") == refused);
}

TEST_CASE("set_path uses the names of path_template") {
  CHECK(matched_complaints("path_template: '/u/{id}'", "set_path: '/v2/{id}'") == Lines{});
  CHECK(matched_complaints("path_template: '/u/{id}'", "set_path: '/v2/{ip}'") ==
        Lines{"routes[0].set_path: `path_template` has no `{ip}`; did you mean `id`?"});
  CHECK(matched_complaints("path_prefix: /u", "set_path: '/v2/{id}'") ==
        Lines{"routes[0].set_path: `path_template` has no `{id}`"});
  CHECK(matched_complaints("path_prefix: /u", "set_path: /v2") == Lines{});
}

TEST_CASE("an encoded slash in a match needs the route's leave") {
  CHECK(matched_complaints("path: /a%2Fb", "allow_encoded_slash: true") == Lines{});
  CHECK(
      matched_complaints("path: /a%2Fb", "observe: false") ==
      Lines{
          "routes[0].match.path: holds `%2F` or `%5C`, which requests may have only with `allow_encoded_slash: true`"});
}

TEST_CASE("a delimiter in a match is written as it is") {
  CHECK(matched_complaints("path: '/items:purge'", "observe: false") == Lines{});
  CHECK(matched_complaints("path: /items%3Apurge", "observe: false") ==
        Lines{"routes[0].match.path: `%3A` must be written as `:`"});
  CHECK(matched_complaints("path_prefix: /%20/%40a", "observe: false") ==
        Lines{"routes[0].match.path_prefix: `%40` must be written as `@`"});
  CHECK(matched_complaints("path_template: '/{id}/a%2Bb'", "observe: false") ==
        Lines{"routes[0].match.path_template: `%2B` must be written as `+`"});
  CHECK(matched_complaints("path: /a%3Bb/%2A/%20%25", "observe: false") == Lines{});
}

TEST_CASE("a status without a body has none") {
  CHECK(target_complaints("direct_response: {status: 204, body: x}") ==
        Lines{"routes[0].direct_response.body: status 204 has no body"});
  CHECK(target_complaints("direct_response: {status: 204}") == Lines{});
}

TEST_CASE("cors with credentials names its origins") {
  CHECK(route_complaints("cors: {origins: ['*'], credentials: true}") ==
        Lines{"routes[0].cors.credentials: cannot be true with the origin `*`: every page could act as the user; name "
              "the origins"});
  CHECK(route_complaints("cors: {origins: [https://a.example], credentials: true}") == Lines{});
  CHECK(route_complaints("cors: {origins: ['*', https://a.example]}") ==
        Lines{"routes[0].cors.origins: `*` stands alone: with it, other origins say nothing"});
  CHECK(route_complaints("cors: {}") ==
        Lines{"routes[0].cors: needs `origins` or `origin_patterns`: say which origins may call"});
  CHECK(route_complaints("cors: {origins: '*', methods: []}") == Lines{"routes[0].cors.methods: must not be empty"});
}

TEST_CASE("two entries of `from` do not read the same place") {
  const auto from = [](const std::string& entries) {
    return policy_complaints("jwt: {providers: [shop], from: [" + entries + "]}");
  };
  const Lines refused = {"routes[0].jwt.from[1]: reads the same place as `from[0]`"};
  CHECK(from("{header: X-Token}, {header: x-token}") == refused);
  CHECK(from("{header: X-Token}, {header: X_Token}") == refused);
  CHECK(from("{header: X-Token}, {header: X-Token, prefix: Bearer}") == refused);
  CHECK(from("{header: Authorization, prefix: Bearer}, {header: authorization, prefix: bearer}") == refused);
  CHECK(from("{cookie: a}, {cookie: a}") == refused);
  CHECK(from("{query: a}, {query: a}") == refused);
  CHECK(from("{websocket_protocol: a}, {websocket_protocol: a}") == refused);
  CHECK(from("{header: Authorization, prefix: Bearer}, {header: Authorization, prefix: Token}") == Lines{});
  CHECK(from("{cookie: a}, {cookie: A}, {query: a}, {header: a}, {websocket_protocol: a}, {query: b}") == Lines{});
}
