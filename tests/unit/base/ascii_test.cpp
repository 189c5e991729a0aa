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

}  // namespace postern
