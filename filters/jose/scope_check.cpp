#include <algorithm>

#include "filters/jose/checks.hpp"
#include "filters/jose/detail.hpp"

namespace postern::jose {
namespace {

constexpr std::string_view scope_claims[] = {"scope", "scp"};

bool has_scope(const Json& claims, std::string_view scope) {
  for (const std::string_view name : scope_claims) {
    const Json* claim = claims.find(name);
    if (claim == nullptr) continue;
    if (claim->string() != nullptr && holds_word(*claim->string(), scope)) return true;
    const Json::Array* elements = claim->array();
    if (elements == nullptr) continue;
    for (const Json& element : *elements) {
      if (element.string() != nullptr && *element.string() == scope) return true;
    }
  }
  return false;
}

}  // namespace

bool holds_word(std::string_view words, std::string_view word) noexcept {
  while (!words.empty()) {
    const auto space = words.find(' ');
    if (words.substr(0, space) == word) return true;
    if (space == words.npos) break;
    words.remove_prefix(space + 1);
  }
  return false;
}

Outcome check_scopes(const Json& claims, const RouteRules& rules) {
  const auto held = [&](const std::string& scope) { return has_scope(claims, scope); };
  const auto begin = rules.scopes.begin();
  const auto end = rules.scopes.end();
  const bool all = rules.scope_match == Match::all;
  if (begin == end || (all ? std::all_of(begin, end, held) : std::any_of(begin, end, held))) return std::nullopt;
  return Refusal(Reason::scope_insufficient,
                 std::string("needed is ") + (all ? "all of " : "one of ") + shown(rules.scopes) + ", the token has " +
                     got_scopes(claims),
                 CheckedBy::route);
}

std::string got_scopes(const Json& claims) {
  std::string text;
  for (const std::string_view name : scope_claims) {
    const Json* claim = claims.find(name);
    if (claim != nullptr) text += (text.empty() ? "" : ", ") + std::string(name) + " " + shown(*claim);
  }
  return text.empty() ? "neither scope nor scp" : text;
}

}  // namespace postern::jose
