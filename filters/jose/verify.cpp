#include "filters/jose/verify.hpp"

#include <algorithm>

#include "filters/jose/checks.hpp"
#include "filters/jose/detail.hpp"

namespace postern::jose {
namespace {

bool is_issuer_of(const Rules& rules, const Json* issuer) {
  return issuer != nullptr && issuer->string() != nullptr &&
         std::find(rules.issuers.begin(), rules.issuers.end(), *issuer->string()) != rules.issuers.end();
}

std::string allowed_names(std::span<const Rules* const> providers) {
  std::string text;
  for (const Rules* rules : providers) {
    text += (text.empty() ? "" : "; ") + rules->algorithms.names() + " by " + rules->provider;
  }
  return text;
}

tl::unexpected<Refusal> algorithm_refusal(std::string_view alg, std::span<const Rules* const> providers) {
  std::string detail = find_algorithm(alg) == nullptr
                           ? "`alg` " + quoted(alg) + " is no known signature algorithm"
                           : "`alg` is " + std::string(alg) + ", allowed are " + allowed_names(providers);
  return tl::unexpected(Refusal(Reason::algorithm_not_allowed, std::move(detail)));
}

tl::unexpected<Refusal> issuer_refusal(const Json& claims, std::span<const Rules* const> providers) {
  const auto refuse = [&](std::span<const std::string> issuers) {
    return tl::unexpected(Refusal(Reason::issuer_unknown, issuer_detail(claims, issuers)));
  };
  if (providers.size() == 1) return refuse(providers.front()->issuers);
  std::vector<std::string> issuers;
  for (const Rules* rules : providers) issuers.insert(issuers.end(), rules->issuers.begin(), rules->issuers.end());
  return refuse(issuers);
}

std::string_view text_claim(const Json& claims, std::string_view name) noexcept {
  const Json* claim = claims.find(name);
  return claim != nullptr && claim->string() != nullptr ? std::string_view(*claim->string()) : std::string_view();
}

// The instant before which the time check would have refused this token.
std::optional<double> earliest(const Times& times, double leeway) {
  std::optional<double> latest = times.not_before;
  if (times.issued) latest = std::max(latest.value_or(*times.issued), *times.issued);
  return latest ? std::optional(*latest - leeway) : std::nullopt;
}

}  // namespace

tl::expected<std::size_t, Refusal> choose_provider(const Token& token, std::span<const Rules* const> providers) {
  const std::string_view alg = token.jws.alg();
  const Algorithm* algorithm = find_algorithm(alg);
  const auto allows = [&](const Rules* rules) { return algorithm != nullptr && rules->algorithms.holds(*algorithm); };
  if (std::none_of(providers.begin(), providers.end(), allows)) return algorithm_refusal(alg, providers);
  const Json* issuer = token.claims.find("iss");
  bool named = false;
  for (std::size_t i = 0; i < providers.size(); ++i) {
    if (providers[i]->any_issuer || !is_issuer_of(*providers[i], issuer)) continue;
    if (allows(providers[i])) return i;
    named = true;
  }
  if (named) return algorithm_refusal(alg, providers);
  for (std::size_t i = 0; i < providers.size(); ++i) {
    if (!providers[i]->any_issuer) continue;
    if (allows(providers[i])) return i;
    return algorithm_refusal(alg, providers);
  }
  return issuer_refusal(token.claims, providers);
}

tl::expected<Claims, Refusal> verify(Token& token, const Rules& rules, const KeySet& keys, double now,
                                     SignatureContexts& contexts) {
  Judgement judgement{token.jws, token.claims, rules, &keys, &contexts, now};
  for (const Check& check : provider_checks()) {
    if (auto refusal = check.run(judgement)) return tl::unexpected(std::move(*refusal));
  }
  Claims claims;
  claims.issuer_ = text_claim(token.claims, "iss");
  claims.subject_ = identifier(token.claims, "sub");
  claims.json_ = std::move(token.claims);
  claims.token_ = token.jws.text;
  claims.payload_ = std::move(token.jws.payload);
  claims.kid_ = judgement.key->kid;
  claims.thumbprint_ = judgement.key->thumbprint;
  claims.provider_ = rules.provider;
  if (judgement.times.expires) claims.refused_from_ = *judgement.times.expires + rules.leeway;
  claims.refused_before_ = earliest(judgement.times, rules.leeway);
  return claims;
}

std::optional<Refusal> verify_signature(const CompactToken& jws, const Rules& rules, const KeySet& keys,
                                        SignatureContexts& contexts) {
  const Json no_claims;
  Judgement judgement{jws, no_claims, rules, &keys, &contexts, 0};
  for (const Check& check : provider_checks()) {
    if (!check.of_signature) continue;
    if (auto refusal = check.run(judgement)) return refusal;
  }
  return std::nullopt;
}

bool worth_a_key_fetch(const Token& token, const Rules& rules, double now) {
  Judgement judgement{token.jws, token.claims, rules, nullptr, nullptr, now};
  const auto checks = provider_checks();
  return std::all_of(checks.begin(), checks.end(), [&](const Check& check) {
    return check.needs != Needs::token || !check.run(judgement).has_value();
  });
}

bool has_expired(const Token& token, const Rules& rules, double now) {
  Judgement judgement{token.jws, token.claims, rules, nullptr, nullptr, now};
  const auto refusal = check_time(judgement);
  return refusal && refusal->reason == Reason::token_expired;
}

std::optional<Refusal> check_route(const Claims& claims, const RouteRules& rules) {
  if (auto refusal = check_claim_rules(claims.json(), rules.claims, CheckedBy::route)) return refusal;
  return check_scopes(claims.json(), rules);
}

}  // namespace postern::jose
