#include "base/utf8.hpp"

#include <doctest/doctest.h>

#include <string>

namespace postern {

TEST_CASE("Well-formed UTF-8 of every length is accepted, at both ends of each range") {
  for (const std::string_view text :
       {"", "plain", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "\xED\x95\x9C\xEA\xB8\x80"}) {
    CAPTURE(text);
    CHECK(is_utf8(text));
  }
}

TEST_CASE("Overlong forms, surrogates, code points above U+10FFFF and broken sequences are refused") {
  for (const std::string_view text :
       {"\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xB0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF", "\xC2", "\xE2\x82", "\xF0\x9F\x98", "\xC2\x41",
        "\xE2\x82\x41", "\xF0\x9F\x98\xC0"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
  }
}

TEST_CASE("A fault is found at every distance from the words that are skipped at once") {
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string text = std::string(before, 'a') + "\xFF" + std::string(20, 'b');
    CHECK(utf8_prefix(text) == before);
  }
}

}  // namespace postern
