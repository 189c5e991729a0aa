// What the tests look for in a head that was written.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/http/header_rules.hpp"

namespace postern::http {

inline bool has_line(std::string_view head, std::string_view line) {
  return head.find("\r\n" + std::string(line) + "\r\n") != std::string_view::npos;
}

// Without case, and `_` as `-`: as an origin that merges the two would see it.
inline std::size_t count_of(std::string_view head, std::string_view name) {
  HeaderNameSet set;
  set.add(name);
  std::size_t count = 0;
  for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size(); at = head.find("\r\n", at) + 2) {
    if (set.holds(head.substr(at, head.find(':', at) - at))) ++count;
  }
  return count;
}

}  // namespace postern::http
