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

// How the values of an enumeration are written; empty for what is none of them. A value that has no word here does not
// compile (-Wswitch).
constexpr std::string_view word_of(MatchKind value) {
  switch (value) {
    case MatchKind::any:
      return "any";
    case MatchKind::all:
      return "all";
  }
  return {};
}
constexpr std::string_view word_of(ReadyWhen value) {
  switch (value) {
    case ReadyWhen::any:
      return "any";
    case ReadyWhen::all:
      return "all";
    case ReadyWhen::none:
      return "none";
  }
  return {};
}
constexpr std::string_view word_of(SecretEncoding value) {
  switch (value) {
    case SecretEncoding::raw:
      return "raw";
    case SecretEncoding::base64:
      return "base64";
    case SecretEncoding::base64url:
      return "base64url";
    case SecretEncoding::hex:
      return "hex";
  }
  return {};
}
constexpr std::string_view word_of(ClaimFormat value) {
  switch (value) {
    case ClaimFormat::plain:
      return "plain";
    case ClaimFormat::csv:
      return "csv";
    case ClaimFormat::space:
      return "space";
    case ClaimFormat::json:
      return "json";
    case ClaimFormat::base64json:
      return "base64json";
    case ClaimFormat::repeated:
      return "repeated";
  }
  return {};
}
constexpr std::string_view word_of(Fail value) {
  switch (value) {
    case Fail::closed:
      return "closed";
    case Fail::open:
      return "open";
  }
  return {};
}
constexpr std::string_view word_of(SameSite value) {
  switch (value) {
    case SameSite::lax:
      return "lax";
    case SameSite::strict:
      return "strict";
    case SameSite::none:
      return "none";
  }
  return {};
}
constexpr std::string_view word_of(TokenDelivery value) {
  switch (value) {
    case TokenDelivery::json:
      return "json";
    case TokenDelivery::cookies:
      return "cookies";
    case TokenDelivery::both:
      return "both";
  }
  return {};
}

template <class E>
constexpr std::size_t count_words() {
  std::size_t count = 0;
  while (!word_of(static_cast<E>(count)).empty()) ++count;
  return count;
}

// All words of an enumeration, in its order.
template <class E>
inline constexpr auto enum_words = [] {
  std::array<std::string_view, count_words<E>()> words;
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = word_of(static_cast<E>(i));
  return words;
}();

}  // namespace postern::conf
