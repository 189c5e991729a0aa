#include "base/base64.hpp"

#include <array>
#include <cstdint>

namespace postern {
namespace {

constexpr std::string_view standard_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The value of each character; bytes outside the alphabet have the bit that no value has.
constexpr std::uint8_t not_in_alphabet = 0x80;
using Values = std::array<std::uint8_t, 256>;

constexpr Values values_of(std::string_view alphabet) {
  Values values{};
  values.fill(not_in_alphabet);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr Values standard_values = values_of(standard_alphabet);
constexpr Values url_values = values_of(url_alphabet);

// Decodes unpadded text. Bad characters are gathered in one bit mask and judged once, at the end.
std::optional<std::string> decode_unpadded(std::string_view text, const Values& values) {
  const std::size_t tail = text.size() % 4;
  if (tail == 1) return std::nullopt;
  std::string bytes(text.size() / 4 * 3 + (tail == 0 ? 0 : tail - 1), '\0');
  const auto* in = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const whole_groups_end = in + (text.size() - tail);
  char* out = bytes.data();
  std::uint32_t seen = 0;
  for (; in != whole_groups_end; in += 4, out += 3) {
    const std::uint32_t a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
    seen |= a | b | c | d;
    const std::uint32_t group = a << 18 | b << 12 | c << 6 | d;
    out[0] = static_cast<char>(group >> 16);
    out[1] = static_cast<char>(group >> 8);
    out[2] = static_cast<char>(group);
  }
  if (tail != 0) {
    const std::uint32_t a = values[in[0]], b = values[in[1]], c = tail == 3 ? values[in[2]] : 0u;
    seen |= a | b | c;
    const std::uint32_t group = a << 18 | b << 12 | c << 6;
    // Bits that belong to no byte must be zero, or one value would have many spellings.
    if ((group & (tail == 3 ? 0xFFu : 0xFFFFu)) != 0) return std::nullopt;
    out[0] = static_cast<char>(group >> 16);
    if (tail == 3) out[1] = static_cast<char>(group >> 8);
  }
  if ((seen & not_in_alphabet) != 0) return std::nullopt;
  return bytes;
}

std::string encode_unpadded(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (const char c : bytes) {
    pending = pending << 8 | static_cast<unsigned char>(c);
    pending_bits += 8;
    while (pending_bits >= 6) {
      pending_bits -= 6;
      text += alphabet[pending >> pending_bits & 0x3F];
    }
  }
  if (pending_bits != 0) text += alphabet[pending << (6 - pending_bits) & 0x3F];
  return text;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
  return decode_unpadded(text, url_values);
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode_unpadded(text, standard_values);
}

std::optional<std::string> decode_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::string encode_base64url(std::string_view bytes) {
  return encode_unpadded(bytes, url_alphabet);
}

std::string encode_base64(std::string_view bytes) {
  std::string text = encode_unpadded(bytes, standard_alphabet);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

}  // namespace postern
