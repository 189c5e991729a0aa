// What is known of a login after its request: a family of refresh tokens (RFC 9700 section 4.14.2), of which one is
// current. Plain values; who keeps them is for store.hpp, what may happen to them for refresh_rules.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace postern::state {

// Unix time in milliseconds: integers, so that SQLite, Lua and C++ compare alike.
using Millis = std::int64_t;

// How long a family is kept after its end: its access tokens expire with it, and a verifier whose clock is behind may
// accept them for the longest leeway of a configuration, and the second that is rounded away. Until then a logout finds
// the session.
inline constexpr Millis kept_after_end = 301'000;

// A family has so many used refresh tokens and no more: otherwise one that is refreshed on and on would grow without
// bound. Where there are so many the first of them is forgotten for the next, a day after its use and no sooner: until
// then no other is used. Otherwise a thief who refreshes fast could have the user's forgotten, by which the theft
// shows.
inline constexpr std::size_t most_used_tokens = 10'000;
inline constexpr Millis known_after_use = 86'400'000;  // a day

// SHA-256 of a refresh token's secret. The secret has 256 random bits, so that no slower hash is needed.
using TokenHash = std::array<std::uint8_t, 32>;

// The successor of a used token as only the used token opens it; see sealed_successor.hpp.
struct SealedSuccessor {
  std::string bytes;
  Millis opens_until = 0;  // the end of the grace: from then on nobody gets it, and the store forgets it
  bool operator==(const SealedSuccessor&) const = default;
};

struct Family {
  std::string sid;      // 22 characters of base64url, the `sid` of its access tokens
  std::string issuer;   // `iss` of its access tokens, and of what revokes them
  std::string subject;  // `sub`
  std::string client;   // `client_id` it is bound to
  std::string claims;   // a JSON object: what the login knew of the user, as far as access tokens or rules need it
  std::string scope;    // space-separated, as granted
  Millis began = 0;     // the login (`auth_time`)
  Millis ends = 0;      // the absolute limit: no token of the family lives longer
  bool ended = false;   // by logout, revocation or reuse
  bool operator==(const Family&) const = default;
};

struct RefreshToken {
  TokenHash hash{};
  Millis issued = 0;                         // later than those before it in the family
  Millis expires = 0;                        // from that instant on it is expired
  std::optional<Millis> used;                // none: it is the current one
  std::optional<SealedSuccessor> successor;  // of a used one, within the grace
};

}  // namespace postern::state
