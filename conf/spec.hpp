// What the field table says about one member, beside its type: meaning and constraints.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "conf/config.hpp"
#include "conf/formats.hpp"

namespace postern::conf {

inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::uint64_t one_second = 1'000, one_minute = 60'000, one_hour = 3'600'000, one_day = 86'400'000;
inline constexpr std::uint64_t one_kib = 1 << 10, one_mib = 1 << 20, one_gib = 1 << 30;

struct Spec {
  std::string_view doc = {};         // sentences for the reference and for editors
  bool required = false;             // must be given, and not empty
  Format format = Format::line;      // of a text, or of a list's texts
  Format key_format = Format::name;  // of a map's keys
  std::uint64_t min = 0;             // of a number; of bytes; of milliseconds
  std::uint64_t max = unlimited;
  std::string_view zero_word = {};               // written instead of 0, which is refused: `auto`, `off`
  std::span<const std::string_view> words = {};  // the only texts there are
  std::span<const std::uint32_t> numbers = {};   // the only numbers there are
  bool one_or_list = false;                      // a list of one may be written without its brackets
  bool not_empty = false;                        // a list, where it is given, has an item
  bool unique = false;                           // a list does not repeat itself
  bool folder = false;                           // of a path: it names a folder
  std::string_view key_member = {};              // a list that may be a map: its key stands for this member of the item
  std::string_view value_member = {};            // in a map, or for a record: one text stands for this member
};

// The words of an enumeration, in its order.
constexpr auto words_of(MatchKind) {
  return std::to_array<std::string_view>({"any", "all"});
}
constexpr auto words_of(ReadyWhen) {
  return std::to_array<std::string_view>({"any", "all", "none"});
}
constexpr auto words_of(SecretEncoding) {
  return std::to_array<std::string_view>({"raw", "base64", "base64url", "hex"});
}
constexpr auto words_of(ClaimFormat) {
  return std::to_array<std::string_view>({"plain", "csv", "space", "json", "base64json", "repeated"});
}

constexpr auto words_of(Fail) {
  return std::to_array<std::string_view>({"closed", "open"});
}
constexpr auto words_of(SameSite) {
  return std::to_array<std::string_view>({"lax", "strict", "none"});
}
constexpr auto words_of(TokenDelivery) {
  return std::to_array<std::string_view>({"json", "cookies", "both"});
}

template <class E>
inline constexpr auto enum_words = words_of(E{});

}  // namespace postern::conf
