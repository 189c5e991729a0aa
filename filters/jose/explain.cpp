#include "filters/jose/checks.hpp"
#include "filters/jose/detail.hpp"

namespace postern::jose {
namespace {

using Findings = std::vector<Finding>;

std::string names_of(std::span<const Rules* const> providers) {
  std::vector<std::string> names;
  for (const Rules* rules : providers) names.push_back(rules->provider);
  return "one of " + shown(names);
}

bool is_possible(const Check& check, const Judgement& judgement) {
  switch (check.needs) {
    case Needs::token:
      return true;
    case Needs::algorithm:
      return judgement.algorithm != nullptr;
    case Needs::key:
      return !judgement.candidates.empty();
  }
  return false;
}

void explain_provider(const Token& token, const Rules& rules, const KeySet* keys, double now, Findings& findings) {
  SignatureContexts contexts;
  Judgement judgement{token.jws, token.claims, rules, keys, &contexts, now};
  for (const Check& check : provider_checks()) {
    if (!is_possible(check, judgement)) continue;
    auto refusal = check.run(judgement);
    findings.push_back({std::string(check.name), check.expected(judgement), check.got(judgement), std::move(refusal)});
  }
}

void explain_route(const Json& claims, const RouteRules& route, Findings& findings) {
  if (!route.claims.empty()) {
    findings.push_back({"route claims", expected_claims(route.claims), got_claims(claims, route.claims),
                        check_claim_rules(claims, route.claims, CheckedBy::route)});
  }
  if (!route.scopes.empty()) {
    findings.push_back({"scopes", (route.scope_match == Match::all ? "all of " : "one of ") + shown(route.scopes),
                        got_scopes(claims), check_scopes(claims, route)});
  }
}

// Which provider's checks go on. One that stands alone is not chosen: its own checks say the same.
std::optional<std::size_t> explain_choice(const Token& token, std::span<const Rules* const> providers,
                                          Findings& findings) {
  if (providers.size() == 1) return 0;
  const auto chosen = choose_provider(token, providers);
  const Json* issuer = token.claims.find("iss");
  Finding finding{"provider",
                  names_of(providers),
                  "alg " + quoted(token.jws.alg()) + ", iss " + (issuer == nullptr ? "absent" : shown(*issuer)),
                  {}};
  if (chosen) {
    finding.got += ": " + quoted(providers[*chosen]->provider);
  } else {
    finding.refusal = chosen.error();
  }
  findings.push_back(std::move(finding));
  return chosen ? std::optional(*chosen) : std::nullopt;
}

}  // namespace

std::vector<Finding> explain(std::string_view text, std::span<const Rules* const> providers,
                             std::span<const KeySet* const> keys, const RouteRules& route, double now) {
  Findings findings;
  const auto token = parse_token(text);
  Finding form{"form",
               "header.payload.signature in strict base64url, JSON objects of unique names",
               std::to_string(text.size()) + " bytes",
               {}};
  if (!token) form.refusal = token.error();
  findings.push_back(std::move(form));
  if (!token) return findings;
  const auto chosen = explain_choice(*token, providers, findings);
  if (!chosen) return findings;
  explain_provider(*token, *providers[*chosen], keys[*chosen], now, findings);
  explain_route(token->claims, route, findings);
  return findings;
}

}  // namespace postern::jose
