#include "base/percent.hpp"

#include <doctest/doctest.h>

namespace postern {

TEST_CASE("Escapes of either case are undone, and a plus is a space in forms alone") {
  CHECK(decode_percent("") == "");
  CHECK(decode_percent("a%2Fb%2fc%25+%00d") == std::string("a/b/c%+\0d", 9));
  CHECK(decode_form("a%2Fb%2fc%25+%00d") == std::string("a/b/c% \0d", 9));
  CHECK(decode_form("%2B%C3%A9") == "+\xC3\xA9");
}

TEST_CASE("A percent sign without two hexadecimal digits is refused wherever it stands") {
  for (const std::string_view text : {"%", "%2", "a%", "a%2", "%g0", "%0g", "%%41", "%+1", "% 1b"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_percent(text));
    CHECK_FALSE(decode_form(text));
  }
}

}  // namespace postern
