#include "base/json_string.hpp"

#include <doctest/doctest.h>

#include <string>

namespace postern {

TEST_CASE("A plain run ends at each quotation mark, backslash and control character, and at nothing else") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool ends = byte < 0x20 || c == '"' || c == '\\';
    for (std::size_t before = 0; before <= 40; ++before) {
      CAPTURE(byte);
      CAPTURE(before);
      // Behind the run stands what would end it, so that one that goes too far shows as well.
      const std::string text = std::string(before, 'x') + c + "y\"" + std::string(plain_length_reads, '\0');
      CHECK(plain_length(text.data()) == before + (ends ? 0 : 2));
    }
  }
}

}  // namespace postern
