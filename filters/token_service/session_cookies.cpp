#include "filters/token_service/session_cookies.hpp"

namespace postern::token_service {

SessionCookies::SessionCookies(const conf::SessionCookies& settings)
    : rules_{settings.same_site, settings.secure},
      access_name_(cookie_name(rules_, settings.access_name)),
      refresh_name_(cookie_name(rules_, settings.refresh_name)) {}

std::array<std::string, 2> SessionCookies::set(const IssuedTokens& tokens) const {
  return {set_cookie(rules_, access_name_, tokens.access_token, tokens.refresh_expires_in),
          set_cookie(rules_, refresh_name_, tokens.refresh_token->reveal(), tokens.refresh_expires_in)};
}

std::array<std::string, 2> SessionCookies::clear() const {
  return {clear_cookie(rules_, access_name_), clear_cookie(rules_, refresh_name_)};
}

}  // namespace postern::token_service
