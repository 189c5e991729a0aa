// Characters and lists of HTTP's grammar (RFC 9110 section 5.6), free of locale.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/ascii.hpp"
#include "base/field_name.hpp"

namespace postern::http {

inline constexpr bool is_alpha(char c) noexcept {
  return lower(c) >= 'a' && lower(c) <= 'z';
}
inline constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
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

// What a field that the gateway writes may be: a token, and text without controls but for the tab.
inline constexpr bool is_field_name(std::string_view text) noexcept {
  return !text.empty() && token_chars.holds_all(text);
}
inline constexpr bool is_field_value(std::string_view text) noexcept {
  for (const char c : text) {
    if (is_control(c) && c != '\t') return false;
  }
  return true;
}

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
