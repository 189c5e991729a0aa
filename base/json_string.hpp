// Where the plain part of a JSON string ends, sixteen bytes at a step where the processor can.
#pragma once

#include <bit>
#include <cstddef>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace postern {

// What plain_length() may read, from the byte on that ends it.
constexpr std::size_t plain_length_reads = 16;

// The bytes from `text` on before the first that no JSON string shows as it is: a quotation mark, a backslash or a
// control character. There is one, and plain_length_reads bytes can be read from there on.
inline std::size_t plain_length(const char* text) noexcept {
  std::size_t length = 0;
#ifdef __SSE2__
  const __m128i last_control = _mm_set1_epi8(0x1F);
  for (;; length += sizeof(__m128i)) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + length));
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i control =
        _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);  // unsigned: not what is not ASCII
    const int ends = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control));
    if (ends != 0) return length + static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(ends)));
  }
#else
  while (text[length] != '"' && text[length] != '\\' && static_cast<unsigned char>(text[length]) >= 0x20) ++length;
  return length;
#endif
}

}  // namespace postern
