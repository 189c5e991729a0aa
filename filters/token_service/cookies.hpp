// The two cookies of a browser's session (RFC 6265bis section 4.1), as Set-Cookie values. Pure.
#pragma once

#include <string>
#include <string_view>

#include "conf/token_service.hpp"

namespace postern::token_service {

using conf::SameSite;

struct CookieRules {
  SameSite same_site = SameSite::lax;  // `none` needs `secure`: browsers drop such a cookie otherwise
  bool secure = true;                  // false: plain http on this machine
};

// `__Host-` and the name: browsers take such a cookie only with Secure, Path=/ and no Domain, from a secure origin, so
// that no other host and no plain connection can set it (RFC 6265bis section 4.1.3.2). Without `secure` the name alone,
// since the prefix would have the cookie refused.
std::string cookie_name(const CookieRules& rules, std::string_view name);

// `name=token; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=432000`; `name` is cookie_name()'s, the token one of
// ours, whose characters need no quoting. `max_age` in seconds, cut to whole ones. Both cookies live as long as the
// refresh token: an access cookie whose token has expired still says that there was a session.
std::string set_cookie(const CookieRules& rules, std::string_view name, std::string_view token, double max_age);

// Makes the browser forget it.
std::string clear_cookie(const CookieRules& rules, std::string_view name);

}  // namespace postern::token_service
