// The two cookies of a browser's session as the configuration wants them. Pure.
#pragma once

#include <array>
#include <string>

#include "conf/token_service.hpp"
#include "filters/token_service/cookies.hpp"
#include "filters/token_service/replies.hpp"

namespace postern::token_service {

class SessionCookies {
 public:
  explicit SessionCookies(const conf::SessionCookies& settings);

  // With their prefix.
  const std::string& access_name() const noexcept { return access_name_; }
  const std::string& refresh_name() const noexcept { return refresh_name_; }

  // Values of Set-Cookie. The tokens are a login's or a refresh's: they have a refresh token.
  std::array<std::string, 2> set(const IssuedTokens& tokens) const;
  std::array<std::string, 2> clear() const;

 private:
  CookieRules rules_;
  std::string access_name_, refresh_name_;
};

}  // namespace postern::token_service
