#include "base/base64.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/base64_vector.hpp"

namespace postern {

TEST_CASE("RFC 4648's vectors encode and decode") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(encode_base64(bytes) == text);
    CHECK(decode_base64(text) == bytes);
    const std::string unpadded(std::string_view(text).substr(0, std::string_view(text).find('=')));
    CHECK(encode_base64url(bytes) == unpadded);
    CHECK(decode_base64url(unpadded) == bytes);
  }
}

TEST_CASE("Every byte value survives, and the two alphabets differ in two characters") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  CHECK(decode_base64url(encode_base64url(bytes)) == bytes);
  CHECK(decode_base64(encode_base64(bytes)) == bytes);
  CHECK(encode_base64url("\xFB\xEF\xFF") == "--__");
  CHECK(encode_base64("\xFB\xEF\xFF") == "++//");
}

TEST_CASE("base64url refuses padding, the other alphabet, white space and a lone last character") {
  for (const std::string_view text :
       {"Zg==", "Zm8=", "+-__", "--/_", "Zm 9v", "Zm9v\n", " Zm9v", "Zm9vY", "A", "Zm9?", "Zg=", "\xC3\xA9g"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64url(text));
  }
}

TEST_CASE("A character outside the alphabet is refused wherever it stands") {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const std::size_t size : {4, 6, 7, 8, 11}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'A');
        text[at] = static_cast<char>(byte);
        const std::size_t value = alphabet.find(text[at]);
        const std::size_t unused = size % 4 == 0 || at + 1 != size ? 1 : size % 4 == 2 ? 16 : 4;
        CAPTURE(text);
        CHECK(decode_base64url(text).has_value() == (value != alphabet.npos && value % unused == 0));
      }
    }
  }
}

TEST_CASE("Long text decodes as short text does, whatever stands where") {
  std::string bytes;
  for (int i = 0; i < 600; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    CAPTURE(size);
    const std::string_view head = std::string_view(bytes).substr(0, size);
    CHECK(decode_base64url(encode_base64url(head)) == head);
  }
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (std::size_t at = 0; at < 64; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = alphabet + alphabet;
      text[at] = static_cast<char>(byte);
      // In groups of four, each by itself too short for a step.
      std::optional<std::string> expected = "";
      for (std::size_t i = 0; i < text.size() && expected; i += 4) {
        const auto group = decode_base64url(std::string_view(text).substr(i, 4));
        expected = group ? std::optional(*expected + *group) : std::nullopt;
      }
      if (decode_base64url(text) == expected && expected.has_value() == (alphabet.find(text[at]) != alphabet.npos)) {
        continue;
      }
      CAPTURE(at);
      CAPTURE(byte);
      FAIL_CHECK("differs");
    }
  }
}

TEST_CASE("Steps end before the first that is no base64url, and write nothing behind what they may") {
  const std::string good(200, 'Z');
  for (std::size_t size = 0; size <= good.size(); ++size) {
    CAPTURE(size);
    const std::size_t room = size / 4 * 3;
    std::string out(room + 64, '#');
    const std::size_t done = decode_base64url_steps(std::string_view(good).substr(0, size), out.data());
    CHECK(done % 4 == 0);
    CHECK(done <= size);
    CHECK(out.find_first_not_of('#', room) == out.npos);
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string text = good;
    text[at] = '=';
    std::string out(text.size(), '#');
    CHECK(decode_base64url_steps(text, out.data()) <= at);
  }
}

TEST_CASE("Trailing bits must be zero") {
  CHECK(decode_base64url("Zg") == "f");
  CHECK_FALSE(decode_base64url("Zh"));
  CHECK(decode_base64url("Zm8") == "fo");
  CHECK_FALSE(decode_base64url("Zm9"));
  CHECK_FALSE(decode_base64("Zh=="));
}

TEST_CASE("base64 refuses what its encoder would not have written") {
  for (const std::string_view text :
       {"Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zg==Zg==", "Zm-v", "Zm9v\n", "Zm=v"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64(text));
  }
}

TEST_CASE("Hexadecimal takes both cases and whole bytes only") {
  CHECK(decode_hex("00ffAb") == std::string("\0\xFF\xAB", 3));
  CHECK(decode_hex("") == "");
  CHECK_FALSE(decode_hex("0"));
  CHECK_FALSE(decode_hex("0g"));
  CHECK_FALSE(decode_hex("0x"));
  CHECK(encode_hex({"\0\xFF\xAB\x10", 4}) == "00ffab10");
  CHECK(encode_hex("") == "");
}

}  // namespace postern
