#include "base/percent.hpp"

#include <cstddef>

#include "base/ascii.hpp"

namespace postern {
namespace {

std::optional<std::string> decode_escapes(std::string_view text, char meant_by_plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' ? meant_by_plus : text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

}  // namespace

std::optional<std::string> decode_percent(std::string_view text) {
  return decode_escapes(text, '+');
}

std::optional<std::string> decode_form(std::string_view text) {
  return decode_escapes(text, ' ');
}

}  // namespace postern
