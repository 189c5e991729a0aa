// The checks of a provider as one table, so that verify() and explain() can never disagree.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "filters/jose/verify.hpp"

namespace postern::jose {

// Nothing when the check holds.
using Outcome = std::optional<Refusal>;

// `exp`, `nbf` and `iat` as far as the token has them, in Unix seconds.
struct Times {
  std::optional<double> expires;
  std::optional<double> not_before;
  std::optional<double> issued;
};

// A token under judgement, and what earlier checks have found out for later ones.
struct Judgement {
  const CompactToken& jws;
  const Json& claims;
  const Rules& rules;
  const KeySet* keys;           // null when none could be loaded
  SignatureContexts* contexts;  // null where no check that needs a key is made
  double now;

  const Algorithm* algorithm = nullptr;  // set when it is allowed
  Candidates candidates{};
  const Key* key = nullptr;  // the one that verified
  Times times{};
};

// What a check cannot be made without.
enum class Needs : std::uint8_t { token, algorithm, key };

struct Check {
  std::string_view name;
  Needs needs;
  bool of_signature;  // is about the JWS, not about the claims
  Outcome (*run)(Judgement&);
  std::string (*expected)(const Judgement&);
  std::string (*got)(const Judgement&);
};

// In the order in which the first failure names the reason.
std::span<const Check> provider_checks() noexcept;

// What is wrong with a token's issuer for these rules, in words: the nearest allowed one is named when only a final
// slash or the case differs.
std::string issuer_detail(const Json& claims, std::span<const std::string> issuers);

// `time` of the table: NumericDates of the right type and range, then `exp`, `nbf`, `iat` and the lifetime.
Outcome check_time(Judgement& judgement);
std::string expected_time(const Judgement& judgement);
std::string got_time(const Judgement& judgement);

// `type` of the table: the header's `typ`, and what the payload calls itself.
Outcome check_type(Judgement& judgement);
std::string expected_type(const Judgement& judgement);
std::string got_type(const Judgement& judgement);

// Claim rules over any claims; `by` names whose they are.
Outcome check_claim_rules(const Json& claims, std::span<const ClaimRule> rules, CheckedBy by);
std::string expected_claims(std::span<const ClaimRule> rules);
std::string got_claims(const Json& claims, std::span<const ClaimRule> rules);

// Whether a space-separated string holds that word.
bool holds_word(std::string_view words, std::string_view word) noexcept;

// The route's scopes, over `scope` and `scp`.
Outcome check_scopes(const Json& claims, const RouteRules& rules);
std::string got_scopes(const Json& claims);

}  // namespace postern::jose
