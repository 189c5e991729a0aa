#include "base/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace postern {
namespace {

// The first of `text` from `at` on that is not ASCII, eight bytes at a time: most of what is read here is ASCII.
std::size_t skip_ascii(std::string_view text, std::size_t at) noexcept {
  constexpr std::uint64_t high_bits = 0x8080808080808080u;
  while (at + sizeof(std::uint64_t) <= text.size()) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & high_bits) != 0) break;
    at += sizeof word;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

// The second byte's range is what excludes overlong forms, surrogates and code points above U+10FFFF (RFC 3629
// section 4); every further byte is 80..BF.
struct Sequence {
  std::size_t length;
  unsigned char second_low;
  unsigned char second_high;
};

Sequence sequence_of(unsigned char lead) noexcept {
  if (lead >= 0xC2 && lead <= 0xDF) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// The bytes of the multi-byte sequence at the start of `text`, or 0 when it is not well-formed.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Sequence sequence = sequence_of(byte(0));
  if (sequence.length == 0 || text.size() < sequence.length) return 0;
  if (byte(1) < sequence.second_low || byte(1) > sequence.second_high) return 0;
  for (std::size_t i = 2; i < sequence.length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return sequence.length;
}

}  // namespace

std::size_t utf8_prefix(std::string_view text) noexcept {
  std::size_t at = skip_ascii(text, 0);
  while (at < text.size()) {
    const std::size_t length = sequence_length(text.substr(at));
    if (length == 0) break;
    at = skip_ascii(text, at + length);
  }
  return at;
}

bool is_utf8(std::string_view text) noexcept {
  return utf8_prefix(text) == text.size();
}

}  // namespace postern
