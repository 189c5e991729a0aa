// Headers: what no single member can say.
#include "sample.hpp"

using namespace postern::conf;

TEST_CASE("claim headers need a token") {
  CHECK(policy_complaints("public: true, claim_headers: {sub: X}") == Lines{"routes[0].claim_headers: needs `jwt`"});
}

TEST_CASE("a claim is never made into a header with a meaning of its own") {
  for (std::string name : {"Connection",
                           "content-length",
                           "Host",
                           "HOST",
                           "Authorization",
                           "Cookie",
                           "Transfer_Encoding",
                           "TE",
                           "Trailer",
                           "Upgrade",
                           "Keep-Alive",
                           "Proxy-Authorization",
                           "Expect",
                           "X-Forwarded-For",
                           "Forwarded",
                           "traceparent",
                           "Content-Type",
                           "Sec-Fetch-Site",
                           "Origin",
                           "Content.Length",
                           "X.Forwarded.For",
                           "sec.fetch.site",
                           "X'Forwarded_Host"}) {
    CAPTURE(name);
    CHECK(route_complaints("claim_headers: {sub: " + name + "}") ==
          Lines{"routes[0].claim_headers[0].header: cannot be made of a claim: the header has a meaning of its own; "
                "choose a name such as "
                "`X-User-Id`"});
  }
  CHECK(route_complaints("claim_headers: {sub: X-Forwarded-User}") == Lines{});
}

TEST_CASE("header operations keep off claim headers and the connection") {
  CHECK(route_complaints(
            "claim_headers: {sub: X-User}, request_headers: {remove: [x_user], set: {X-USER: a}, add: {x-user: b}}") ==
        Lines{"routes[0].request_headers.remove[0]: is set by `claim_headers` on this route",
              "routes[0].request_headers.set.X-USER: is set by `claim_headers` on this route",
              "routes[0].request_headers.add.x-user: is set by `claim_headers` on this route"});
  CHECK(route_complaints("claim_headers: {sub: X-User}, request_headers: {remove: [X.User]}") ==
        Lines{"routes[0].request_headers.remove[0]: is set by `claim_headers` on this route"});
  CHECK(
      route_complaints("request_headers: {set: {Content.Length: 0}}") ==
      Lines{"routes[0].request_headers.set[\"Content.Length\"]: belongs to the connection, which the gateway keeps by "
            "itself"});
  CHECK(route_complaints("request_headers: {set: {Host: a}}") ==
        Lines{"routes[0].request_headers.set.Host: is changed by the upstream's `host`"});
  CHECK(route_complaints("request_headers: {remove: Content-Length}") ==
        Lines{"routes[0].request_headers.remove[0]: belongs to the connection, which the gateway keeps by itself"});
  CHECK(
      route_complaints("response_headers: {set: {Connection: close}}") ==
      Lines{"routes[0].response_headers.set.Connection: belongs to the connection, which the gateway keeps by itself"});
  CHECK(route_complaints("request_headers: {set: {Authorization: Basic x}}, response_headers: {set: {X-User: a}}") ==
        Lines{});
}

TEST_CASE("header values are one line") {
  CHECK(route_complaints("request_headers: {set: {X: \"a\\r\\nY: b\"}}") ==
        Lines{"routes[0].request_headers.set.X: must not hold CR, LF, NUL or other control characters"});
  CHECK(route_complaints("response_headers: {add: {X: \"a\\0\"}}") ==
        Lines{"routes[0].response_headers.add.X: must not hold CR, LF, NUL or other control characters"});
}

TEST_CASE("a token stands in one place each, and only a header has a prefix") {
  CHECK(policy_complaints("jwt: {providers: [shop], from: [{header: X, prefix: Bearer}, {cookie: c}, {query: q}, "
                          "{websocket_protocol: b}]}") == Lines{});
  CHECK(policy_complaints("jwt: {providers: [shop], from: [{header: X, cookie: c}]}") ==
        Lines{"routes[0].jwt.from[0].cookie: cannot stand beside `header`"});
  CHECK(policy_complaints("jwt: {providers: [shop], from: [{}]}") ==
        Lines{"routes[0].jwt.from[0]: needs `header`, `cookie`, `query` or `websocket_protocol`: one place each"});
  CHECK(policy_complaints("jwt: {providers: [shop], from: [{cookie: c, prefix: x}]}") ==
        Lines{"routes[0].jwt.from[0].prefix: needs `header`"});
}

TEST_CASE("the whole payload is for claim headers alone") {
  const std::string message = "`*` stands for the whole payload, in `claim_headers` alone";
  CHECK(policy_complaints("jwt: {providers: [shop], required_claims: ['*'], claims: [{claim: '*', equals: 1}]}") ==
        Lines{"routes[0].jwt.required_claims[0]: " + message, "routes[0].jwt.claims[0].claim: " + message});
  CHECK(provider_complaints("issuer: a, audiences: b, jwks_file: k, claims: [{claim: '*', equals: 1}]") ==
        Lines{"providers.shop.claims[0].claim: " + message});
  CHECK(route_complaints("claim_headers: {'*': X-Claims}") == Lines{});
}

TEST_CASE("a claim and its header the wrong way round are told apart") {
  CHECK(route_complaints("claim_headers: {X-User-Id: sub}") ==
        Lines{"routes[0].claim_headers[0].header: the claim comes first: `{sub: X-User-Id}`"});
  CHECK(route_complaints("claim_headers: [{claim: x-mail, header: Email}]") ==
        Lines{"routes[0].claim_headers[0].header: the claim comes first: `{Email: x-mail}`"});
  CHECK(route_complaints("claim_headers: {X-Name: preferred_username}") ==
        Lines{"routes[0].claim_headers[0].header: the claim comes first: `{preferred_username: X-Name}`"});
  CHECK(route_complaints("claim_headers: {x-hasura-role: X-Hasura-Role, sub: Email, [x-a]: sub}").size() == 1);
  CHECK(route_complaints("claim_headers: {x-hasura-role: X-Hasura-Role, sub: Email}") == Lines{});
}
