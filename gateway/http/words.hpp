// Eight bytes at a time, or sixteen: the answers are those of looking at each byte, in fewer steps. In either byte order.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace postern::http {

using Word = std::uint64_t;
inline constexpr std::size_t word_bytes = sizeof(Word);

// A word with `byte` in each of its places.
inline constexpr Word eight_of(std::uint8_t byte) noexcept {
  return Word{0x0101010101010101} * byte;
}

inline Word load_word(const char* bytes) noexcept {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// All of 1 to 7 bytes in one word, some of them twice: for comparing texts of the same length.
inline Word load_short(const char* bytes, std::size_t size) noexcept {
  if (size >= 4) {
    std::uint32_t first, last;
    std::memcpy(&first, bytes, sizeof first);
    std::memcpy(&last, bytes + size - sizeof last, sizeof last);
    return Word{first} << 32 | last;
  }
  const auto at = [&](std::size_t i) { return Word{static_cast<unsigned char>(bytes[i])}; };
  return at(0) << 16 | at(size / 2) << 8 | at(size - 1);
}

// Marks, with the high bit of its place, each byte below `lowest` (at most 0x80) and each above 0x7E. Such a byte can
// borrow from or carry into the next higher place and mark that too; none is hidden, and the lowest mark is true.
inline constexpr Word mark_outside(Word word, std::uint8_t lowest) noexcept {
  return ((word - eight_of(lowest)) | (word + eight_of(1))) & eight_of(0x80);
}

// The first byte outside `lowest` to 0x7E, or `end`.
inline const char* skip_plain(const char* at, const char* end, std::uint8_t lowest) noexcept {
#ifdef __SSE2__
  const __m128i low = _mm_set1_epi8(static_cast<char>(lowest)), del = _mm_set1_epi8(0x7F);
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // As signed bytes those above 0x7F are below `lowest` too.
    const __m128i outside = _mm_or_si128(_mm_cmplt_epi8(block, low), _mm_cmpeq_epi8(block, del));
    const auto marks = static_cast<unsigned>(_mm_movemask_epi8(outside));
    if (marks != 0) return at + std::countr_zero(marks);
  }
#endif
  while (static_cast<std::size_t>(end - at) >= word_bytes) {
    const Word marks = mark_outside(load_word(at), lowest);
    if (marks != 0) {
      if constexpr (std::endian::native != std::endian::little) break;  // the lowest place is not the first byte
      return at + std::countr_zero(marks) / 8;
    }
    at += word_bytes;
  }
  while (at != end && static_cast<unsigned char>(*at) >= lowest && static_cast<unsigned char>(*at) <= 0x7E) ++at;
  return at;
}

// The first byte that is neither a letter nor `-`, or a place before it: what field names are made of, as a rule.
inline const char* skip_letters(const char* at, [[maybe_unused]] const char* end) noexcept {
#ifdef __SSE2__
  // Letters of either case become the 26 lowest signed bytes.
  const __m128i case_bit = _mm_set1_epi8(0x20), a_to_lowest = _mm_set1_epi8(static_cast<char>(0x80 - 'a'));
  const __m128i behind_z = _mm_set1_epi8(static_cast<char>(0x80 + 26)), dash = _mm_set1_epi8('-');
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i shifted = _mm_add_epi8(_mm_or_si128(block, case_bit), a_to_lowest);
    const __m128i inside = _mm_or_si128(_mm_cmplt_epi8(shifted, behind_z), _mm_cmpeq_epi8(block, dash));
    const auto others = ~static_cast<unsigned>(_mm_movemask_epi8(inside)) & 0xFFFF;
    if (others != 0) return at + std::countr_zero(others);
  }
#endif
  return at;
}

// Each byte A-Z in lower case, each other byte as it is. The sums stay below 256, so that none carries into the next.
inline constexpr Word fold_word(Word word) noexcept {
  const Word low_bits = word & eight_of(0x7F);
  const Word from_a = low_bits + eight_of(0x80 - 'A');        // high bit: 'A' or above
  const Word behind_z = low_bits + eight_of(0x80 - 'Z' - 1);  // high bit: above 'Z'
  const Word upper = (from_a & ~behind_z) & ~word & eight_of(0x80);
  return word | upper >> 2;  // 0x80 becomes 0x20, the bit between the cases
}

}  // namespace postern::http
