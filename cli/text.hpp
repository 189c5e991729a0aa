// How the CLI writes lists and tables for people.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace postern::cli {

inline std::string join(const std::vector<std::string>& texts, std::string_view between) {
  std::string joined;
  for (const std::string& text : texts) {
    if (&text != &texts.front()) joined += between;
    joined += text;
  }
  return joined;
}

// A line for each row, its columns two spaces apart; nothing is added behind the last one.
template <std::size_t columns>
std::string aligned(const std::vector<std::array<std::string, columns>>& rows) {
  std::array<std::size_t, columns> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < columns; ++i) widths[i] = std::max(widths[i], row[i].size() + 2);
  }
  std::string lines;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns; ++i) {
      lines += row[i];
      if (i + 1 < columns) lines.append(widths[i] - row[i].size(), ' ');
    }
    lines += '\n';
  }
  return lines;
}

}  // namespace postern::cli
