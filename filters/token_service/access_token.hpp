// The header and the claims of an access token (RFC 9068 section 2). Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace postern::token_service {

// Times in Unix seconds, written without their fraction.
struct AccessFacts {
  std::string issuer, subject, client, jti;
  std::string sid;                     // empty without a login (client_credentials)
  std::string scope;                   // space-separated; empty: no `scope`
  std::vector<std::string> audiences;  // one is written as a string, several as an array (RFC 7519 section 4.1.3)
  double issued_at = 0;
  double expires = 0;
  double auth_time = 0;                        // 0: no login
  const Json* user_claims = nullptr;           // an object, or null
  std::span<const std::string> access_claims;  // of those, which may enter the token
};

// The token ends by that instant at the latest, in whole seconds.
void end_by(AccessFacts& facts, double instant) noexcept;

std::string access_header(std::string_view alg, std::string_view kid);  // {"alg":...,"kid":...,"typ":"at+jwt"}
std::string access_payload(const AccessFacts& facts);

}  // namespace postern::token_service
