#include "filters/rules.hpp"

#include <utility>
#include <vector>

#include "conf/tree.hpp"
#include "filters/keys/remote_config.hpp"

namespace postern::filters {
namespace {

jose::ClaimRule make_claim_rule(const conf::ClaimRule& rule) {
  jose::ClaimRule made{make_claim_path(rule.claim), jose::ClaimRule::Present{}};
  if (rule.equals) made.condition = jose::ClaimRule::Equals{*rule.equals};
  if (rule.one_of) made.condition = jose::ClaimRule::OneOf{*rule.one_of};
  if (rule.contains) made.condition = jose::ClaimRule::Contains{*rule.contains};
  if (rule.matches) made.condition = jose::ClaimRule::Matches{*rule.matches};
  return made;
}

std::vector<jose::ClaimRule> make_claim_rules(const std::vector<conf::ClaimName>& required,
                                              const std::vector<conf::ClaimRule>& rules) {
  std::vector<jose::ClaimRule> made;
  for (const auto& name : required) made.push_back({make_claim_path(name), jose::ClaimRule::Present{}});
  for (const auto& rule : rules) made.push_back(make_claim_rule(rule));
  return made;
}

jose::Match make_match(conf::MatchKind kind) {
  return kind == conf::MatchKind::all ? jose::Match::all : jose::Match::any;
}

double seconds(conf::Duration duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

jose::AlgorithmSet make_algorithms(const std::string& name, const conf::Provider& provider, KeyKind kind,
                                   conf::Problems& problems) {
  const bool secret = kind == KeyKind::secret;
  if (provider.algorithms.empty()) return secret ? jose::AlgorithmSet::hs256() : jose::AlgorithmSet::asymmetric();
  jose::AlgorithmSet set;
  for (std::size_t i = 0; i < provider.algorithms.size(); ++i) {
    const std::string& written = provider.algorithms[i];
    const std::string path = conf::item_path(conf::member_path("providers", name) + ".algorithms", i);
    const jose::Algorithm* algorithm = jose::find_algorithm(written);
    if (algorithm == nullptr) {  // conf's own list of names refuses it before, as long as the two agree
      problems.add(path, "\"" + written + "\" is not a supported algorithm");
    } else if ((algorithm->scheme == jose::Scheme::hmac) != secret) {
      problems.add(path, secret ? written + " needs public keys, and this provider has a secret"
                                : written + " needs a secret, and this provider has public keys");
    } else {
      set.add(*algorithm);
    }
  }
  return set;
}

}  // namespace

jose::ClaimPath make_claim_path(const conf::ClaimName& name) {
  if (const auto* text = std::get_if<std::string>(&name.path)) return jose::ClaimPath::from_text(*text);
  return jose::ClaimPath::from_segments(std::get<std::vector<std::string>>(name.path));
}

jose::Rules make_rules(const std::string& name, const conf::Provider& provider, KeyKind kind,
                       conf::Problems& problems) {
  jose::Rules rules;
  rules.provider = name;
  rules.any_issuer = provider.issuer.any;
  rules.issuers = keys::accepted_issuers(provider);
  rules.any_audience = provider.audiences.any;
  rules.audiences = provider.audiences.names;
  rules.audience_match = make_match(provider.audience_match);
  rules.algorithms = make_algorithms(name, provider, kind, problems);
  rules.leeway = seconds(provider.leeway);
  if (provider.max_lifetime) rules.max_lifetime = seconds(*provider.max_lifetime);
  rules.require_expiry = provider.require_exp;
  if (!provider.types.empty()) rules.types.clear();
  for (const auto& type : provider.types) rules.types.push_back(jose::bare_type(type));
  rules.claims = make_claim_rules(provider.required_claims, provider.claims);
  return rules;
}

jose::RouteRules make_route_rules(const conf::Jwt& jwt) {
  jose::RouteRules rules;
  rules.claims = make_claim_rules(jwt.required_claims, jwt.claims);
  rules.scopes = jwt.scopes;
  rules.scope_match = make_match(jwt.scope_match);
  return rules;
}

}  // namespace postern::filters
