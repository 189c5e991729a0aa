// Users as the user file has them: names, password hashes, claims. YAML, written by `postern users` or by hand:
//
//   users:
//     ann:
//       password: "$argon2id$v=19$m=19456,t=2,p=1$..."
//       claims: {role: admin}
//       changed: 1700000000
//     bob: {password: "$argon2id$...", disabled: true}
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "accounts/password.hpp"
#include "base/json.hpp"

namespace postern::accounts {

struct User {
  PasswordHash password;
  Json claims{Json::Object{}};  // an object; `sub` in it, a text, replaces the name as subject
  bool disabled = false;
  double changed = 0;  // Unix seconds of the last password: sessions that began earlier are over
};

struct Users {
  std::map<std::string, User, std::less<>> by_name;
  HashCost usual_cost;  // of most of them: what an unknown name costs
};

inline constexpr std::size_t most_name_bytes = 255;
inline constexpr std::size_t most_claims_bytes = 4096;  // of one user, as JSON: they travel in every access token

// What is wrong with a user's name, or nothing: 1 to 255 bytes of UTF-8 without control characters. Names are compared
// byte for byte.
std::optional<std::string> judge_name(std::string_view name);

// The error holds every problem, one a line, with its place as the configuration's have it: `file:line:col: path: ...`.
tl::expected<Users, std::string> parse_users(std::string_view yaml, const std::string& file);

// Sorted by name; parses back to the same.
std::string format_users(const Users& users);

}  // namespace postern::accounts
