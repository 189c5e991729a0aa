#include "cli/tokens.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "base/json.hpp"
#include "state/revocation.hpp"

namespace postern::cli {
namespace {

// To the millisecond.
Json time_of(double seconds) {
  std::array<char, 400> text{};  // no finite double is longer
  const int size = std::snprintf(text.data(), text.size(), "%.3f", seconds);
  return Json(Json::Number{std::string(text.data(), static_cast<std::size_t>(size))});
}

}  // namespace

tl::expected<std::string, std::string> revocation_text(const RevokeFlags& flags) {
  Json::Object members;
  const std::pair<const char*, const std::optional<std::string>*> names[] = {
      {"jti", &flags.jti}, {"sid", &flags.sid}, {"sub", &flags.sub}, {"kid", &flags.kid}};
  for (const auto& [name, value] : names) {
    if (*value) members.emplace_back(name, **value);
  }
  members.emplace_back("issuer", flags.issuer);
  if (flags.issued_before) members.emplace_back("issued_before", time_of(*flags.issued_before));
  if (flags.until) members.emplace_back("until", time_of(*flags.until));
  std::string text = Json(std::move(members)).to_text();
  const auto parsed = state::parse_revocation(text, [](const state::Revocation&) { return state::Millis{}; });
  if (!parsed) return tl::unexpected(parsed.error());
  return text;
}

}  // namespace postern::cli
