// Names of HTTP fields as those behind the gateway may see them.
#pragma once

#include <array>
#include <cstddef>

#include "base/ascii.hpp"

namespace postern {

namespace detail {
constexpr std::array<char, 256> make_name_folding() noexcept {
  std::array<char, 256> folded{};
  for (std::size_t i = 0; i < folded.size(); ++i) {
    const char c = static_cast<char>(i);
    const char small = lower(c);
    folded[i] = (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') ? small : '-';
  }
  return folded;
}
inline constexpr std::array<char, 256> name_folding = make_name_folding();
}  // namespace detail

// A byte of a field's name as origins see it that make variables of names, `HTTP_X_USER_ID` (RFC 3875 section 4.1.18):
// letters lose their case, and whatever is neither letter nor digit becomes the same. Only `-` should, but lighttpd
// does it to all of `X.User'Id`, and PHP to the dot.
inline constexpr char fold_name(char c) noexcept {
  return detail::name_folding[static_cast<unsigned char>(c)];
}

}  // namespace postern
