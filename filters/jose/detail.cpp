#include "filters/jose/detail.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace postern::jose {
namespace {

constexpr std::size_t shown_texts = 8;

void append_printable(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const std::string_view head = text.substr(0, shown_bytes);
  std::size_t copied = 0;
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto byte = static_cast<unsigned char>(head[i]);
    if (byte >= 0x20 && byte < 0x7F) continue;
    out.append(head.substr(copied, i - copied));
    out += "\\x";
    out += digits[byte >> 4];
    out += digits[byte & 0xF];
    copied = i + 1;
  }
  out.append(head.substr(copied));
  if (head.size() < text.size()) out += "...";
}

void append_length_when_cut(std::string& out, std::string_view text) {
  if (text.size() > shown_bytes) out += " (" + std::to_string(text.size()) + " bytes)";
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_printable(out, text);
  out += '"';
  append_length_when_cut(out, text);
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out;
  out.reserve(std::min(text.size(), shown_bytes) + 2);
  append_quoted(out, text);
  return out;
}

std::string shown(const Json& value) {
  if (const std::string* text = value.string()) return quoted(*text);
  const std::string text = value.to_text();
  std::string out;
  append_printable(out, text);
  append_length_when_cut(out, text);
  return out;
}

std::string shown(double seconds) {
  std::array<char, 400> buffer;
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), seconds, std::chars_format::fixed);
  return error == std::errc{} ? std::string(buffer.data(), end) : "?";
}

std::string shown(std::span<const std::string> texts) {
  std::string out;
  for (std::size_t i = 0; i < texts.size() && i < shown_texts; ++i) {
    if (i != 0) out += ", ";
    append_quoted(out, texts[i]);
  }
  if (texts.size() > shown_texts) out += ", ... (" + std::to_string(texts.size()) + ")";
  return out;
}

}  // namespace postern::jose
