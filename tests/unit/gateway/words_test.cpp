#include "gateway/http/words.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "gateway/http/syntax.hpp"

using namespace postern::http;

namespace {

// Neighbours that a sum over a whole word could disturb.
constexpr std::string_view neighbours{"\0a\x1F\x20\x7E\x7F\x80\xFF", 8};

std::size_t skipped(std::string_view text, std::uint8_t lowest) {
  return static_cast<std::size_t>(skip_plain(text.data(), text.data() + text.size(), lowest) - text.data());
}

std::size_t skipped_one_by_one(std::string_view text, std::uint8_t lowest) {
  std::size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < lowest || byte > 0x7E) break;
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("the first byte that is not plain is found, whatever it is and wherever it stands") {
  for (const std::uint8_t lowest : {std::uint8_t{0x20}, std::uint8_t{0x21}}) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      for (std::size_t at = 0; at < 43; ++at) {
        for (const char behind : neighbours) {
          std::string text(43, 'a');
          text[at] = static_cast<char>(byte);
          if (at + 1 < text.size()) text[at + 1] = behind;
          REQUIRE(skipped(text, lowest) == skipped_one_by_one(text, lowest));
        }
      }
    }
  }
  CHECK(skipped("", 0x20) == 0);
}

TEST_CASE("letters and dashes are skipped, never anything else") {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 35; ++at) {
      std::string text(35, 'Z');
      for (std::size_t i = 0; i < text.size(); ++i) text[i] = "azAZ-"[i % 5];
      text[at] = static_cast<char>(byte);
      const bool skippable = is_alpha(static_cast<char>(byte)) || byte == '-';
      const auto skipped = static_cast<std::size_t>(skip_letters(text.data(), text.data() + text.size()) - text.data());
      REQUIRE(skipped <= (skippable ? text.size() : at));
    }
  }
}

TEST_CASE("a word is folded byte for byte, and no byte disturbs its neighbour") {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (const char neighbour : neighbours) {
      for (std::size_t at = 0; at < word_bytes; ++at) {
        std::string text(word_bytes, neighbour);
        text[at] = static_cast<char>(byte);
        const std::string folded = postern::lower(text);
        REQUIRE(fold_word(load_word(text.data())) == load_word(folded.data()));
      }
    }
  }
}

TEST_CASE("a short word holds all of its bytes") {
  const std::string text = "abcdefg";
  for (std::size_t size = 1; size < word_bytes; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = '-';
      CHECK(load_short(text.data(), size) != load_short(other.data(), size));
    }
    CHECK(load_short(text.data(), size) == load_short(std::string(text, 0, size).data(), size));
  }
}
