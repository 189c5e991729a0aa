#include "filters/token_service/cookies.hpp"

namespace postern::token_service {
namespace {

std::string_view name_of(SameSite same_site) noexcept {
  switch (same_site) {
    case SameSite::lax:
      return "Lax";
    case SameSite::strict:
      return "Strict";
    case SameSite::none:
      return "None";
  }
  return "";
}

}  // namespace

std::string cookie_name(const CookieRules& rules, std::string_view name) {
  return (rules.secure ? "__Host-" : "") + std::string(name);
}

std::string set_cookie(const CookieRules& rules, std::string_view name, std::string_view token, double max_age) {
  std::string cookie(name);
  cookie.append("=").append(token).append("; Path=/; HttpOnly");
  if (rules.secure) cookie += "; Secure";
  cookie.append("; SameSite=").append(name_of(rules.same_site));
  return cookie.append("; Max-Age=").append(std::to_string(static_cast<long long>(max_age)));
}

std::string clear_cookie(const CookieRules& rules, std::string_view name) {
  return set_cookie(rules, name, {}, 0);
}

}  // namespace postern::token_service
