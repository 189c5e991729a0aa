#include "base/base64_vector.hpp"

#ifdef __x86_64__

#include <immintrin.h>

#include <array>
#include <cstdint>

namespace postern {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Sixteen rows of sixteen characters. Each row has a bit, and each column those of the rows in which its character is
// not of the alphabet. Within a row the values are a fixed way off, but for `_`.
struct Tables {
  std::array<std::uint8_t, 16> row_bits{};
  std::array<std::uint8_t, 16> column_bits{};
  std::array<std::int8_t, 16> offsets{};
};

constexpr Tables make_tables() {
  Tables tables;
  for (unsigned row = 0; row < 16; ++row) {
    // Beyond ASCII there is nothing of the alphabet, as in row 0: they share its bit.
    tables.row_bits[row] = static_cast<std::uint8_t>(row < 8 ? 1u << row : 1u);
    for (unsigned column = 0; column < 16; ++column) {
      const std::size_t value = alphabet.find(static_cast<char>(row * 16 + column));
      if (row >= 8 || value == alphabet.npos) {
        tables.column_bits[column] |= tables.row_bits[row];
      } else if (alphabet[value] != '_') {
        tables.offsets[row] = static_cast<std::int8_t>(static_cast<int>(value) - alphabet[value]);
      }
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();
constexpr char underscore_offset = 63 - '_' - tables.offsets['_' / 16];

template <class Table>
[[gnu::target("avx2")]] inline __m256i both_halves(const Table& table) noexcept {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

[[gnu::target("avx2")]] std::size_t decode_steps(std::string_view text, char* out) noexcept {
  const __m256i row_bits = both_halves(tables.row_bits);
  const __m256i column_bits = both_halves(tables.column_bits);
  const __m256i offsets = both_halves(tables.offsets);
  const __m256i low_bits = _mm256_set1_epi8(0x0F);
  // The three bytes of each four, highest first, to the front of their half; then both halves' to the front.
  const __m256i packed =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  const __m256i joined = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
  constexpr std::size_t step = 32;
  constexpr std::size_t beyond = 12;  // characters whose bytes have the room for what a step writes behind its 24 bytes
  std::size_t done = 0;
  for (; text.size() - done >= step + beyond; done += step, out += 24) {
    const __m256i characters = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + done));
    const __m256i rows = _mm256_and_si256(_mm256_srli_epi32(characters, 4), low_bits);
    const __m256i columns = _mm256_and_si256(characters, low_bits);
    const __m256i faults =
        _mm256_and_si256(_mm256_shuffle_epi8(row_bits, rows), _mm256_shuffle_epi8(column_bits, columns));
    if (_mm256_testz_si256(faults, faults) == 0) break;
    const __m256i underscores = _mm256_cmpeq_epi8(characters, _mm256_set1_epi8('_'));
    const __m256i offset = _mm256_add_epi8(_mm256_shuffle_epi8(offsets, rows),
                                           _mm256_and_si256(underscores, _mm256_set1_epi8(underscore_offset)));
    const __m256i values = _mm256_add_epi8(characters, offset);
    // Six bits each: two to twelve, then four to twenty-four.
    const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
    const __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(groups, packed), joined);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), bytes);
  }
  return done;
}

}  // namespace

std::size_t decode_base64url_steps(std::string_view text, char* out) noexcept {
  static const bool able = __builtin_cpu_supports("avx2");
  return able ? decode_steps(text, out) : 0;
}

}  // namespace postern

#else

namespace postern {

std::size_t decode_base64url_steps(std::string_view, char*) noexcept {
  return 0;
}

}  // namespace postern

#endif
