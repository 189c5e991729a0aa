// Passwords: argon2id (RFC 9106) in the PHC string format `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`. Takes tens of
// milliseconds and the stated memory: never on a worker's thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/secret.hpp"

namespace postern::accounts {

struct HashCost {
  std::uint32_t memory_kib = 19 * 1024;  // OWASP's first choice: 19 MiB, 2 passes, 1 lane
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;
  auto operator<=>(const HashCost&) const = default;
};

// What a user file may demand of this machine.
inline constexpr std::uint32_t most_memory_kib = 256 * 1024, most_passes = 16, most_lanes = 4;
inline constexpr std::size_t most_password_bytes = 1024;  // longer ones are wrong, at no cost

// A PHC string, checked. The library would take costs up to 2^32 KiB; it is given nothing that was not checked here.
class PasswordHash {
 public:
  // Accepts argon2id of version 19 with `m`, `t` and `p` in this order and within the bounds (8 KiB for each lane at
  // least), a salt of 8 to 64 bytes and a hash of 16 to 64, both in base64 without padding; nothing else. The error is
  // what is wrong, without the text.
  static tl::expected<PasswordHash, std::string> parse(std::string text);

  // A fresh one with 16 random bytes of salt and a hash of 32. Refuses passwords that are empty or too long.
  static tl::expected<PasswordHash, std::string> make(const Secret& password, const HashCost& cost);

  // One that costs as much, made without hashing; no password is known to match it.
  static PasswordHash unmatched(const HashCost& cost);

  const std::string& text() const noexcept { return text_; }
  const HashCost& cost() const noexcept { return cost_; }

 private:
  PasswordHash(std::string text, const HashCost& cost) : text_(std::move(text)), cost_(cost) {}

  std::string text_;
  HashCost cost_;
};

// Compares in constant time. Memory that cannot be had counts as an error, not as a wrong password.
tl::expected<bool, std::string> verify_password(const PasswordHash& hash, const Secret& password);

}  // namespace postern::accounts
