// A refresh token as clients hold it: `<sid>.<secret>`, 22 and 43 characters of base64url. The first part names the
// family and is no secret, the second is 32 random bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/secret.hpp"
#include "state/session.hpp"

namespace postern::state {

struct RefreshTokenText {
  std::string sid;
  Secret secret;  // 32 bytes, decoded
};

// Strict: exactly two parts of exactly these lengths, in base64url's one spelling (base/base64.hpp).
std::optional<RefreshTokenText> parse_refresh_token(std::string_view text);
Secret format_refresh_token(const RefreshTokenText& token);

// Fresh ones.
std::string make_sid(FillRandom random = fill_random);
Secret make_refresh_secret(FillRandom random = fill_random);

TokenHash hash_refresh_secret(const Secret& secret);

}  // namespace postern::state
