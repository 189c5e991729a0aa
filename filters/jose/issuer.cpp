#include "filters/jose/issuer.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "filters/jose/checks.hpp"
#include "filters/jose/detail.hpp"

namespace postern::jose {
namespace {

std::string_view without_slash(std::string_view text) {
  if (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

// How the two differ when it is so little that the eye misses it; empty otherwise.
std::string_view small_difference(std::string_view got, std::string_view wanted) {
  if (without_slash(got) == without_slash(wanted)) return "only a final slash differs";
  if (equal_without_case(got, wanted)) return "only the case differs";
  if (equal_without_case(without_slash(got), without_slash(wanted))) return "only the case and a final slash differ";
  return {};
}

}  // namespace

std::string issuer_mismatch(std::string_view member, const std::string& got, std::span<const std::string> wanted) {
  std::string sentence;
  sentence.reserve(member.size() + 4 * shown_bytes);
  sentence.append(member).append(" is ").append(quoted(got)).append(", needed is ");
  for (const std::string& each : wanted) {
    const std::string_view difference = small_difference(got, each);
    if (!difference.empty()) return sentence.append(quoted(each)).append(": ").append(difference);
  }
  return sentence.append(shown(wanted));
}

std::string issuer_detail(const Json& claims, std::span<const std::string> issuers) {
  const Json* issuer = claims.find("iss");
  if (issuer == nullptr) return "the token has no `iss`, needed is " + shown(issuers);
  if (issuer->string() == nullptr) return "`iss` is no string but " + shown(*issuer);
  return issuer_mismatch("`iss`", *issuer->string(), issuers);
}

}  // namespace postern::jose
