// Everything that a token goes through: form, provider, every check of it, the route's. What is accepted was signed by
// a holder of the keys, and explain() says what the checks say.
#include <array>

#include "base/base64.hpp"
#include "filters/jose/verify.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;
using namespace postern::jose;

constexpr double now = 1'700'000'000;

// The public halves of the keys that RFC 7515 (A.2, A.3) and RFC 8037 (A.1) print whole.
constexpr std::string_view shop_keys = R"({"keys":[
{"kid":"rsa","kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
{"kid":"ec","kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
{"kid":"okp","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";
constexpr std::string_view partner_secret = "partner's secret of forty-two bytes, no less";

// What was signed and is to be accepted.
constexpr std::string_view shop_payload =
    R"({"iss":"https://id.example.com","aud":"orders-api","exp":1700000300,"sub":"u1","scope":"orders:read"})";
constexpr std::string_view partner_payload =
    R"({"iss":"https://partner.example","aud":["orders-api"],"exp":1700000300,"scp":["orders:read"]})";
constexpr std::array<std::string_view, 4> shop_headers = {
    R"({"alg":"RS256","kid":"rsa","typ":"JWT"})", R"({"alg":"PS256","kid":"rsa","typ":"at+jwt"})",
    R"({"alg":"ES256","kid":"ec","typ":"JWT"})", R"({"alg":"EdDSA"})"};
constexpr std::string_view partner_header = R"({"alg":"HS256"})";

Rules rules_of(std::string_view provider, std::string_view issuer, AlgorithmSet algorithms) {
  Rules rules;
  rules.provider = provider;
  rules.issuers = {std::string(issuer)};
  rules.audiences = {"orders-api"};
  rules.algorithms = algorithms;
  return rules;
}

const Rules shop = rules_of("shop", "https://id.example.com", AlgorithmSet::asymmetric());
const Rules partner = rules_of("partner", "https://partner.example", AlgorithmSet::hs256());
const KeySet shop_set = parse_jwks(shop_keys, false).value().keys;
const KeySet partner_set({make_secret_key(Secret(std::string(partner_secret)))});
const std::array providers = {&shop, &partner};
const std::array sets = {&shop_set, &partner_set};

RouteRules route_rules() {
  RouteRules rules;
  rules.scopes = {"orders:read"};
  return rules;
}
const RouteRules route = route_rules();

void check_parts(std::string_view text, const Token& token) {
  const std::string_view input = token.jws.signing_input;
  require(text.starts_with(input) && text.substr(input.size()).starts_with('.'), "header.payload is the token's front");
  const std::size_t dot = input.find('.');
  const auto header = decode_base64url(input.substr(0, dot));
  require(header && parse_json(*header) && *parse_json(*header) == token.jws.header->members, "the header is the first part's");
  require(encode_base64url(*header) == input.substr(0, dot), "a header has one spelling in base64url");
  require(encode_base64url(token.jws.payload) == input.substr(dot + 1), "a payload has one spelling in base64url");
  require(encode_base64url(token.jws.signature) == text.substr(input.size() + 1),
          "a signature has one spelling in base64url");
}

void check_forgery(std::string_view text, const Token& token) {
  const std::string header = decode_base64url(text.substr(0, text.find('.'))).value();
  const bool shops = std::find(shop_headers.begin(), shop_headers.end(), header) != shop_headers.end();
  require((shops && token.jws.payload == shop_payload) ||
              (header == partner_header && token.jws.payload == partner_payload),
          "what is accepted was signed by a holder of the keys");
}

// Accepted, the same bytes with another signature are not.
void check_signature(const Token& token, const Rules& rules, const KeySet& keys) {
  SignatureContexts contexts;
  for (const std::size_t at : {std::size_t{0}, token.jws.signature.size() / 2, token.jws.signature.size() - 1}) {
    Token changed = token;
    changed.jws.signature[at] = static_cast<char>(changed.jws.signature[at] ^ 1);
    const auto claims = verify(changed, rules, keys, now, contexts);
    require(!claims && claims.error().reason == Reason::signature_invalid, "one bit of a signature counts");
  }
}

// As the gateway decides.
Refusal decide(std::string_view text) {
  auto token = parse_token(text);
  if (!token) return token.error();
  check_parts(text, *token);
  const auto chosen = choose_provider(*token, providers);
  if (!chosen) return chosen.error();
  const Rules& rules = *providers[*chosen];
  const KeySet& keys = *sets[*chosen];
  const bool worth_a_fetch = worth_a_key_fetch(*token, rules, now);
  const Token untouched = *token;
  SignatureContexts contexts;
  const auto claims = verify(*token, rules, keys, now, contexts);
  if (!claims) {
    require(token->claims == untouched.claims && token->jws.payload == untouched.jws.payload,
            "a refused token can be judged again");
    return claims.error();
  }
  require(worth_a_fetch, "a token that is accepted would have been worth a fetch of keys");
  require(claims->payload() == untouched.jws.payload && claims->json() == untouched.claims,
          "claims are what was signed");
  check_signature(untouched, rules, keys);
  const auto refusal = check_route(*claims, route);
  if (!refusal) check_forgery(text, untouched);
  return refusal.value_or(Refusal());
}

// The first refusal that explain() finds.
Refusal explained(std::string_view text) {
  Refusal first;
  for (const Finding& finding : explain(text, providers, sets, route, now)) {
    require(is_printable(finding.expected) && is_printable(finding.got),
            "an explanation is printable, whatever was sent");
    if (finding.refusal && first.reason == Reason::accepted) first = *finding.refusal;
  }
  return first;
}

Verdict judge(std::string_view input) {
  const Refusal decision = decide(input);
  const Refusal explanation = explained(input);
  require(decision.reason == explanation.reason && decision.detail == explanation.detail,
          "explain() says what the checks say");
  return decision.reason == Reason::accepted ? accepted() : refused(decision);
}

}  // namespace

POSTERN_FUZZ_TARGET("token")
