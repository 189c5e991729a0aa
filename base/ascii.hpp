// Letters without case, digits and controls, in ASCII alone and free of locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace postern {

inline constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
inline std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

inline constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
// C0 and DEL: CR, LF, NUL and HTAB among them.
inline constexpr bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// The value of a hexadecimal digit of either case, or -1.
inline constexpr int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char folded = lower(c);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

}  // namespace postern
