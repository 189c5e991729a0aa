// Characters and lists of HTTP's grammar (RFC 9110 section 5.6), free of locale.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/ascii.hpp"
#include "base/field_name.hpp"

namespace postern::http {

inline constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
inline constexpr bool is_alpha(char c) noexcept {
  return lower(c) >= 'a' && lower(c) <= 'z';
}
inline constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
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

// True when an origin that folds names as fold_name() does would take both for one.
inline constexpr bool folds_alike(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (fold_name(a[i]) != fold_name(b[i])) return false;
  }
  return true;
}

// A set of bytes with constant look-up.
class CharSet {
 public:
  // Letters and digits, and `others`.
  explicit constexpr CharSet(std::string_view others) noexcept {
    for (std::size_t c = 0; c < in_.size(); ++c) {
      const char byte = static_cast<char>(c);
      in_[c] = is_alpha(byte) || is_digit(byte) || others.find(byte) != std::string_view::npos;
    }
  }
  constexpr bool holds(char c) const noexcept { return in_[static_cast<unsigned char>(c)]; }
  constexpr bool holds_all(std::string_view text) const noexcept {
    for (const char c : text) {
      if (!holds(c)) return false;
    }
    return true;
  }

 private:
  std::array<bool, 256> in_{};
};

inline constexpr CharSet token_chars("!#$%&'*+-.^_`|~");

inline constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Calls `visit(element)` for each element of a comma-separated list, trimmed and not empty, until it returns false.
// Quoted strings are not looked into: for lists of tokens.
template <class Visit>
constexpr void for_each_in_list(std::string_view list, Visit&& visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view element = trim(list.substr(0, comma));
    if (!element.empty() && !visit(element)) return;
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace postern::http
