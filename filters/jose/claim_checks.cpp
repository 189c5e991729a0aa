#include <algorithm>
#include <cmath>

#include "filters/jose/checks.hpp"
#include "filters/jose/detail.hpp"

namespace postern::jose {
namespace {

// Numbers are compared by value, so that a rule's 1 also means 1.0; by their digits where a double would make neighbours
// equal: integers, and from 2^53 on.
bool is_same(const Json& a, const Json& b) {
  if (a == b) return true;
  const Json::Number* x = a.number();
  const Json::Number* y = b.number();
  if (x == nullptr || y == nullptr) return false;
  constexpr std::string_view not_integer = ".eE";
  const bool integers =
      x->text.find_first_of(not_integer) == x->text.npos && y->text.find_first_of(not_integer) == y->text.npos;
  const auto first = a.as_double();
  constexpr double exact = 9007199254740992;
  return !integers && first && std::abs(*first) < exact && first == b.as_double();
}

// Whether the claim itself, or one of its elements, satisfies the condition.
template <typename Condition>
bool holds_for_any(const Json& claim, Condition condition) {
  if (condition(claim)) return true;
  const Json::Array* elements = claim.array();
  return elements != nullptr && std::any_of(elements->begin(), elements->end(), condition);
}

bool holds(const ClaimRule::Present&, const Json&) {
  return true;
}

bool holds(const ClaimRule::Equals& rule, const Json& claim) {
  return holds_for_any(claim, [&](const Json& value) { return is_same(value, rule.value); });
}

bool holds(const ClaimRule::OneOf& rule, const Json& claim) {
  return holds_for_any(claim, [&](const Json& value) {
    return std::any_of(rule.values.begin(), rule.values.end(), [&](const Json& one) { return is_same(value, one); });
  });
}

bool holds(const ClaimRule::Contains& rule, const Json& claim) {
  if (const Json::Array* elements = claim.array()) {
    return std::any_of(elements->begin(), elements->end(), [&](const Json& one) { return is_same(one, rule.value); });
  }
  const std::string* word = rule.value.string();
  return claim.string() != nullptr && word != nullptr && !word->empty() && holds_word(*claim.string(), *word);
}

bool holds(const ClaimRule::Matches& rule, const Json& claim) {
  return holds_for_any(
      claim, [&](const Json& value) { return value.string() != nullptr && rule.pattern.matches(*value.string()); });
}

std::string wanted(const ClaimRule::Present&) {
  return "present";
}
std::string wanted(const ClaimRule::Equals& rule) {
  return shown(rule.value);
}
std::string wanted(const ClaimRule::Contains& rule) {
  return "with the element " + shown(rule.value);
}
std::string wanted(const ClaimRule::Matches& rule) {
  return "matching " + quoted(rule.pattern.text());
}
std::string wanted(const ClaimRule::OneOf& rule) {
  return "one of " + shown(Json(Json::Array(rule.values)));
}

std::string wanted_by(const ClaimRule& rule) {
  return std::visit([](const auto& condition) { return wanted(condition); }, rule.condition);
}

Outcome check_rule(const Json& claims, const ClaimRule& rule, CheckedBy by) {
  const Json* claim = rule.path.find(claims);
  if (claim == nullptr || claim->is_null()) {
    return Refusal(Reason::claim_missing, "the token has no " + quoted(rule.path.text()), by);
  }
  if (std::visit([&](const auto& condition) { return holds(condition, *claim); }, rule.condition)) return std::nullopt;
  return Refusal(Reason::claim_mismatch,
                 quoted(rule.path.text()) + " is " + shown(*claim) + ", needed is " + wanted_by(rule), by);
}

}  // namespace

Outcome check_claim_rules(const Json& claims, std::span<const ClaimRule> rules, CheckedBy by) {
  for (const ClaimRule& rule : rules) {
    if (auto refusal = check_rule(claims, rule, by)) return refusal;
  }
  return std::nullopt;
}

std::string expected_claims(std::span<const ClaimRule> rules) {
  std::string text;
  for (const ClaimRule& rule : rules) {
    text += (text.empty() ? "" : "; ") + quoted(rule.path.text()) + " " + wanted_by(rule);
  }
  return text.empty() ? "no rules" : text;
}

std::string got_claims(const Json& claims, std::span<const ClaimRule> rules) {
  std::string text;
  for (const ClaimRule& rule : rules) {
    const Json* claim = rule.path.find(claims);
    text += (text.empty() ? "" : "; ") + quoted(rule.path.text()) + " " + (claim == nullptr ? "absent" : shown(*claim));
  }
  return text;
}

}  // namespace postern::jose
