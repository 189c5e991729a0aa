#include "base/base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/ascii.hpp"
#include "base/base64_vector.hpp"

namespace postern {
namespace {

constexpr std::string_view standard_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// What a character adds at each place of its group of four: its six bits where they stand in the group's three bytes,
// the first of them lowest. Characters outside the alphabet have the bit that no value has, so that a whole text is
// judged once, at its end.
constexpr std::uint32_t not_in_alphabet = 0x8000'0000;
using Place = std::array<std::uint32_t, 256>;
using Places = std::array<Place, 4>;

constexpr Places places_of(std::string_view alphabet) {
  Places places{};
  for (Place& place : places) place.fill(not_in_alphabet);
  for (std::uint32_t value = 0; value < alphabet.size(); ++value) {
    const auto c = static_cast<unsigned char>(alphabet[value]);
    places[0][c] = value << 2;
    places[1][c] = value >> 4 | (value & 0xF) << 12;
    places[2][c] = (value >> 2) << 8 | (value & 0x3) << 22;
    places[3][c] = value << 16;
  }
  return places;
}

constexpr Places standard_places = places_of(standard_alphabet);
constexpr Places url_places = places_of(url_alphabet);

// Decodes the beginning of a text, as far as it likes: base64_vector.hpp has one.
using Steps = std::size_t (*)(std::string_view text, char* out) noexcept;

std::size_t no_steps(std::string_view, char*) noexcept {
  return 0;
}

// Decodes unpadded text.
std::optional<std::string> decode_unpadded(std::string_view text, const Places& places, Steps steps) {
  const std::size_t tail = text.size() % 4;
  if (tail == 1) return std::nullopt;
  std::string bytes(text.size() / 4 * 3 + (tail == 0 ? 0 : tail - 1), '\0');
  const std::size_t done = steps(text, bytes.data());
  const auto* in = reinterpret_cast<const unsigned char*>(text.data()) + done;
  const unsigned char* const whole_groups_end = in + (text.size() - tail - done);
  char* out = bytes.data() + done / 4 * 3;
  std::uint32_t seen = 0;
  for (; in != whole_groups_end; in += 4, out += 3) {
    const std::uint32_t group = places[0][in[0]] | places[1][in[1]] | places[2][in[2]] | places[3][in[3]];
    seen |= group;
    out[0] = static_cast<char>(group);
    out[1] = static_cast<char>(group >> 8);
    out[2] = static_cast<char>(group >> 16);
  }
  if (tail != 0) {
    const std::uint32_t group = places[0][in[0]] | places[1][in[1]] | (tail == 3 ? places[2][in[2]] : 0u);
    seen |= group;
    out[0] = static_cast<char>(group);
    if (tail == 3) out[1] = static_cast<char>(group >> 8);
    // Bits that belong to no byte must be zero, or one value would have many spellings.
    if ((group >> 8 * (tail - 1)) != 0) return std::nullopt;
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

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
  return decode_unpadded(text, url_places, decode_base64url_steps);
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode_unpadded(text, standard_places, no_steps);
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

std::string encode_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {digits[byte >> 4], digits[byte & 0xF]};
  }
  return text;
}

}  // namespace postern
