#include "base/ascii.hpp"

#include <doctest/doctest.h>

namespace postern {

TEST_CASE("letters of ASCII are made small, and no other byte is touched") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    CHECK(lower(c) == (byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : c));
  }
  CHECK(lower("").empty());
  CHECK(lower("X-User_ID 7 @[`{") == "x-user_id 7 @[`{");
  CHECK(lower("\xC3\x84") == "\xC3\x84");  // a capital letter of UTF-8
}

TEST_CASE("hexadecimal digits of both cases have a value, and no other byte") {
  constexpr std::string_view lower_digits = "0123456789abcdef", upper_digits = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const auto place = std::min(lower_digits.find(c), upper_digits.find(c));
    CHECK(hex_value(c) == (place == lower_digits.npos ? -1 : static_cast<int>(place)));
    CHECK(is_digit(c) == (place < 10));
    CHECK(is_control(c) == (byte < 0x20 || byte == 0x7F));
  }
}

}  // namespace postern
