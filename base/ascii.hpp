// Letters without case, in ASCII alone and free of locale: names of hosts, schemes and fields.
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

}  // namespace postern
