// The forms that a value may take beside its full one.
#include "sample.hpp"

using namespace postern::conf;

namespace {

std::vector<ClaimHeader> claim_headers(const std::string& written) {
  Sample sample;
  sample.route = "claim_headers: " + written;
  return config_of(sample).routes.at(0).claim_headers;
}

std::string name_of(const ClaimName& claim) {
  if (const auto* text = std::get_if<std::string>(&claim.path)) return *text;
  std::string out;
  for (const std::string& segment : std::get<1>(claim.path)) out += "/" + segment;
  return out;
}

}  // namespace

TEST_CASE("claim headers may be a map from claims to headers") {
  auto headers = claim_headers(
      "{sub: X-User-Id, realm_access.roles: {header: X-Roles, format: csv}, \"*\": {header: X-All, format: "
      "base64json}}");
  REQUIRE(headers.size() == 3);
  CHECK(name_of(headers[0].claim) == "sub");
  CHECK(headers[0].header == "X-User-Id");
  CHECK_FALSE(headers[0].format);
  CHECK(name_of(headers[1].claim) == "realm_access.roles");
  CHECK(headers[1].format == ClaimFormat::csv);
  CHECK(name_of(headers[2].claim) == "*");
}

TEST_CASE("claim headers may be a list, with a way of names") {
  auto headers = claim_headers("[{claim: sub, header: X-User-Id}, {claim: [a, b.c], header: X, format: repeated}]");
  REQUIRE(headers.size() == 2);
  CHECK(name_of(headers[1].claim) == "/a/b.c");
  CHECK(headers[1].format == ClaimFormat::repeated);
}

TEST_CASE("both forms of claim headers are refused alike") {
  CHECK(route_complaints("claim_headers: {sub: {format: csv}}") ==
        Lines{"routes[0].claim_headers[0].header: is required"});
  CHECK(route_complaints("claim_headers: [{claim: sub}]") == Lines{"routes[0].claim_headers[0].header: is required"});
  CHECK(route_complaints("claim_headers: [{header: X}]") == Lines{"routes[0].claim_headers[0].claim: is required"});
  CHECK(route_complaints("claim_headers: {sub: {header: X, fromat: csv}}") ==
        Lines{"routes[0].claim_headers[0].fromat: unknown key; did you mean `format`?"});
  CHECK(route_complaints("claim_headers: {sub: {claim: x, header: X}}") ==
        Lines{"routes[0].claim_headers.sub: `claim` is what stands before the colon already"});
  CHECK(route_complaints("claim_headers: {sub: X Y}") ==
        Lines{"routes[0].claim_headers[0].header: is not a header name: letters, digits and any of !#$%&'*+-.^_`|~"});
  CHECK(route_complaints("claim_headers: X") ==
        Lines{"routes[0].claim_headers: expected a map or a list, got a single value"});
  CHECK(route_complaints("claim_headers: {}") == Lines{"routes[0].claim_headers: must not be empty"});
  CHECK(route_complaints("claim_headers: {sub: }") ==
        Lines{"routes[0].claim_headers[0].header: has no value; expected a header's name"});
}

TEST_CASE("an error in the map form of claim headers has its place in the file") {
  Sample sample;
  sample.route = "claim_headers: {sub: X Y}";
  std::string text = sample.text();
  std::size_t column = text.find("X Y") - text.rfind('\n', text.find("X Y"));
  CHECK(errors(text).at(0).starts_with("c.yaml:4:" + std::to_string(column) + ": "));
}

TEST_CASE("a header condition may be its value alone") {
  Sample sample;
  sample.match = "headers: {X-Kind: beta, X-Age: 7, X-Pattern: {matches: 'a+'}, X-There: {present: false}}";
  auto headers = config_of(sample).routes.at(0).match.headers;
  CHECK(headers.at("X-Kind").value == "beta");
  CHECK(headers.at("X-Age").value == "7");
  CHECK(headers.at("X-Pattern").matches->matches("aaa"));
  CHECK(headers.at("X-There").present == false);
}

TEST_CASE("a header condition is exactly one") {
  Sample sample;
  sample.match = "headers: {X: {value: a, present: true}}";
  CHECK(complaints(sample) == Lines{"routes[0].match.headers.X.present: cannot stand beside `value`"});
  sample.match = "headers: {X: {}}";
  CHECK(complaints(sample) ==
        Lines{"routes[0].match.headers.X: needs `value`, `matches` or `present`: a header has one condition"});
}

TEST_CASE("a list of one may do without its brackets") {
  Sample sample;
  sample.provider = "issuer: [a, b], audiences: x, pem_file: [p.pem, q.pem]";
  sample.match = "host: shop.example.com, methods: GET";
  sample.policy = "jwt: {providers: shop, scopes: read}";
  Config config = config_of(sample);
  CHECK(config.providers.at("shop").issuer.names == Lines{"a", "b"});
  CHECK(config.providers.at("shop").audiences.names == Lines{"x"});
  CHECK(config.providers.at("shop").pem_file.size() == 2);
  CHECK(config.routes.at(0).match.host == Lines{"shop.example.com"});
  CHECK(config.routes.at(0).match.methods == Lines{"GET"});
  CHECK(config.routes.at(0).jwt->providers == Lines{"shop"});
  CHECK(config.routes.at(0).jwt->scopes == Lines{"read"});
}

TEST_CASE("any stands alone") {
  Sample sample;
  sample.provider = "issuer: any, audiences: any, jwks_file: k.json";
  CHECK(config_of(sample).providers.at("shop").issuer.any);
  CHECK(config_of(sample).providers.at("shop").audiences.any);
  sample.provider = "issuer: x, audiences: [a, any], jwks_file: k.json";
  CHECK(complaints(sample) == Lines{"providers.shop.audiences[1]: `any` stands alone, not in a list"});
}

TEST_CASE("claim rules compare with JSON values") {
  Sample sample;
  sample.policy =
      "jwt: {providers: [shop], claims: [{claim: a, equals: true}, {claim: b, one_of: [1, \"1\", x]}, "
      "{claim: c, contains: {d: [1.50]}}, {claim: [e, f.g], matches: 'x.*'}]}";
  auto claims = config_of(sample).routes.at(0).jwt->claims;
  REQUIRE(claims.size() == 4);
  CHECK(claims[0].equals->to_text() == "true");
  REQUIRE(claims[1].one_of->size() == 3);
  CHECK(claims[1].one_of->at(0).to_text() == "1");
  CHECK(claims[1].one_of->at(1).to_text() == "\"1\"");
  CHECK(claims[1].one_of->at(2).to_text() == "\"x\"");
  CHECK(claims[2].contains->to_text() == "{\"d\":[1.50]}");
  CHECK(name_of(claims[3].claim) == "/e/f.g");
}

TEST_CASE("claim values that YAML readers disagree about are refused") {
  for (std::string value : {"yes", "No", "on", "OFF", "True", "010", "0x1F", "0o17", "1_000", "+5", ".5", "5.", ".inf",
                            "2026-01-31", "12:30", "1:30:00"}) {
    CAPTURE(value);
    Sample sample;
    sample.policy = "jwt: {providers: [shop], claims: [{claim: a, equals: " + value + "}]}";
    Lines found = complaints(sample);
    REQUIRE(found.size() == 1);
    CHECK(found[0].starts_with("routes[0].jwt.claims[0].equals: YAML readers disagree"));
  }
  for (std::string value :
       {"550e8400-e29b-41d4-a716-446655440000", "v1.2", "1.2.3", "x", "-1", "1.5e3", "'yes'", "a-01-02"}) {
    CAPTURE(value);
    Sample sample;
    sample.policy = "jwt: {providers: [shop], claims: [{claim: a, equals: " + value + "}]}";
    CHECK(complaints(sample) == Lines{});
  }
}

TEST_CASE("a claim rule has one condition") {
  Sample sample;
  sample.provider += ", claims: [{claim: a}, {claim: b, equals: 1, contains: 2}, {equals: 1}]";
  CHECK(complaints(sample) ==
        Lines{"providers.shop.claims[0]: needs `equals`, `one_of`, `contains` or `matches`: a rule has one condition",
              "providers.shop.claims[1].contains: cannot stand beside `equals`",
              "providers.shop.claims[2].claim: is required"});
}

TEST_CASE("zero has a word where it means something else") {
  Sample sample;
  sample.top = "workers: auto\nlimits: {body_bytes: off}\ntimeouts: {total: off}";
  sample.route = "body_limit: off, total_timeout: off";
  Config config = config_of(sample);
  CHECK(config.workers == 0);
  CHECK(config.limits.body_bytes.count == 0);
  CHECK(config.timeouts.total.count() == 0);
  CHECK(config.routes[0].body_limit == Bytes{0});
  CHECK(config.routes[0].total_timeout == Duration(0));
  sample = {};
  sample.top = "workers: 0\nlimits: {body_bytes: 0}\ntimeouts: {total: 0s, drain: 0s}";
  sample.route = "body_limit: 0KiB, total_timeout: 0ms";
  CHECK(complaints(sample) == Lines{"routes[0].body_limit: write `off` for no limit",
                                    "routes[0].total_timeout: write `off` for no limit", "workers: must be at least 1",
                                    "limits.body_bytes: write `off` for no limit",
                                    "timeouts.total: write `off` for no limit"});
  sample = {};
  sample.top = "timeouts: {head: off}";
  CHECK(complaints(sample) == Lines{"timeouts.head: expected a duration such as `250ms`, `5s`, `2m`, `1h` or `7d`"});
}
