#include "filters/jose/checks.hpp"

#include <algorithm>
#include <array>

#include "filters/jose/detail.hpp"

namespace postern::jose {
namespace {

std::string shown_member(const Json& object, std::string_view name) {
  const Json* member = object.find(name);
  return member == nullptr ? "absent" : shown(*member);
}

// --- algorithm ---

Outcome check_algorithm(Judgement& judgement) {
  const std::string_view alg = judgement.jws.alg();
  const Algorithm* algorithm = find_algorithm(alg);
  if (algorithm == nullptr) {
    return Refusal(Reason::algorithm_not_allowed, "`alg` " + quoted(alg) + " is no known signature algorithm");
  }
  if (!judgement.rules.algorithms.holds(*algorithm)) {
    return Refusal(Reason::algorithm_not_allowed,
                   "`alg` is " + std::string(alg) + ", allowed are " + judgement.rules.algorithms.names());
  }
  judgement.algorithm = algorithm;
  return std::nullopt;
}

std::string expected_algorithm(const Judgement& judgement) {
  return judgement.rules.algorithms.names();
}
std::string got_algorithm(const Judgement& judgement) {
  return quoted(judgement.jws.alg());
}

// --- issuer ---

Outcome check_issuer(Judgement& judgement) {
  const Rules& rules = judgement.rules;
  if (rules.any_issuer) return std::nullopt;
  const Json* issuer = judgement.claims.find("iss");
  const bool known = issuer != nullptr && issuer->string() != nullptr &&
                     std::find(rules.issuers.begin(), rules.issuers.end(), *issuer->string()) != rules.issuers.end();
  if (known) return std::nullopt;
  return Refusal(Reason::issuer_unknown, issuer_detail(judgement.claims, rules.issuers));
}

std::string expected_issuer(const Judgement& judgement) {
  return judgement.rules.any_issuer ? "any" : shown(judgement.rules.issuers);
}
std::string got_issuer(const Judgement& judgement) {
  return shown_member(judgement.claims, "iss");
}

// --- key ---

std::string key_detail(const Judgement& judgement) {
  const std::string algorithm(judgement.algorithm->name);
  const std::string_view kid = judgement.jws.kid();
  if (judgement.keys->empty()) return "there is no usable key";
  if (kid.empty()) return "no key fits " + algorithm;
  if (judgement.candidates.ambiguous()) return "two different keys of kid " + quoted(kid) + " fit " + algorithm;
  if (judgement.keys->knows(kid)) return "the key of kid " + quoted(kid) + " does not fit " + algorithm;
  return "no key has kid " + quoted(kid);
}

Outcome check_key(Judgement& judgement) {
  if (judgement.keys == nullptr) return Refusal(Reason::keys_unavailable, "no keys could be loaded");
  judgement.candidates = judgement.keys->candidates(judgement.jws.kid(), *judgement.algorithm);
  if (!judgement.candidates.empty()) return std::nullopt;
  return Refusal(Reason::key_unknown, key_detail(judgement));
}

std::string expected_key(const Judgement& judgement) {
  const std::string_view kid = judgement.jws.kid();
  return "a key for " + std::string(judgement.algorithm->name) + (kid.empty() ? "" : " of kid " + quoted(kid));
}

std::string got_key(const Judgement& judgement) {
  if (judgement.candidates.empty()) return "none";
  std::string text;
  for (const Key* key : judgement.candidates) {
    if (!text.empty()) text += ", ";
    text += key->description() + (key->kid.empty() ? " without kid" : " of kid " + quoted(key->kid));
  }
  return text;
}

// --- signature ---

Outcome check_signature(Judgement& judgement) {
  for (const Key* key : judgement.candidates) {
    if (judgement.contexts->verify(*key, *judgement.algorithm, judgement.jws.signing_input, judgement.jws.signature)) {
      judgement.key = key;
      return std::nullopt;
    }
  }
  const std::size_t tried = judgement.candidates.size();
  return Refusal(Reason::signature_invalid,
                 "not the " + std::string(judgement.algorithm->name) + " signature of " +
                     (tried == 1 ? got_key(judgement) : "any of " + std::to_string(tried) + " keys"));
}

std::string expected_signature(const Judgement& judgement) {
  return "the key's " + std::string(judgement.algorithm->name) + " signature of header.payload";
}

std::string got_signature(const Judgement& judgement) {
  const std::string bytes = std::to_string(judgement.jws.signature.size()) + " bytes";
  if (judgement.key == nullptr) return bytes + " that do not verify";
  return bytes + ", verified with " + (judgement.key->kid.empty() ? "the key without kid" : quoted(judgement.key->kid));
}

// --- audience ---

Refusal audience_refusal(std::string detail) {
  return Refusal(Reason::audience_mismatch, std::move(detail));
}

Outcome check_audience(Judgement& judgement) {
  const Rules& rules = judgement.rules;
  if (rules.any_audience) return std::nullopt;
  const Json* claim = judgement.claims.find("aud");
  if (claim == nullptr) return audience_refusal("the token has no `aud`, needed is " + shown(rules.audiences));
  const bool listed = claim->array() != nullptr;
  const std::span<const Json> held = listed ? std::span<const Json>(*claim->array()) : std::span(claim, 1);
  if (!std::all_of(held.begin(), held.end(), [](const Json& element) { return element.string() != nullptr; })) {
    return audience_refusal("`aud` is " + shown(*claim) + ", neither a string nor an array of strings");
  }
  const auto is_held = [&](const std::string& audience) {
    return std::any_of(held.begin(), held.end(), [&](const Json& one) { return *one.string() == audience; });
  };
  const auto begin = rules.audiences.begin();
  const auto end = rules.audiences.end();
  const bool all = rules.audience_match == Match::all;
  if (begin != end && (all ? std::all_of(begin, end, is_held) : std::any_of(begin, end, is_held))) return std::nullopt;
  return audience_refusal("`aud` is " + shown(*claim) + ", needed is " + (all ? "all of " : "") +
                          shown(rules.audiences));
}

std::string expected_audience(const Judgement& judgement) {
  const Rules& rules = judgement.rules;
  if (rules.any_audience) return "any, or none";
  return (rules.audience_match == Match::all ? "all of " : "one of ") + shown(rules.audiences);
}
std::string got_audience(const Judgement& judgement) {
  return shown_member(judgement.claims, "aud");
}

// --- binding ---

// A token bound to a key (RFC 7800, RFC 8705, RFC 9449) is worth nothing without the proof of holding it, and no proof
// is checked here.
Outcome check_binding(Judgement& judgement) {
  const Json* confirmation = judgement.claims.find("cnf");
  if (confirmation == nullptr) return std::nullopt;
  return Refusal(Reason::proof_missing, "the token is bound to a key: `cnf` is " + shown(*confirmation));
}

std::string expected_binding(const Judgement&) {
  return "no `cnf`";
}
std::string got_binding(const Judgement& judgement) {
  return shown_member(judgement.claims, "cnf");
}

// --- claims ---

Outcome check_claims(Judgement& judgement) {
  return check_claim_rules(judgement.claims, judgement.rules.claims, CheckedBy::provider);
}
std::string expected_provider_claims(const Judgement& judgement) {
  return expected_claims(judgement.rules.claims);
}
std::string got_provider_claims(const Judgement& judgement) {
  return got_claims(judgement.claims, judgement.rules.claims);
}

constexpr std::array table = {
    Check{"algorithm", Needs::token, true, check_algorithm, expected_algorithm, got_algorithm},
    Check{"issuer", Needs::token, false, check_issuer, expected_issuer, got_issuer},
    Check{"key", Needs::algorithm, true, check_key, expected_key, got_key},
    Check{"signature", Needs::key, true, check_signature, expected_signature, got_signature},
    Check{"time", Needs::token, false, check_time, expected_time, got_time},
    Check{"audience", Needs::token, false, check_audience, expected_audience, got_audience},
    Check{"type", Needs::token, false, check_type, expected_type, got_type},
    Check{"binding", Needs::token, false, check_binding, expected_binding, got_binding},
    Check{"claims", Needs::token, false, check_claims, expected_provider_claims, got_provider_claims},
};

}  // namespace

std::span<const Check> provider_checks() noexcept {
  return table;
}

}  // namespace postern::jose
