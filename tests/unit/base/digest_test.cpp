#include "base/digest.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "base/base64.hpp"

using namespace postern;

namespace {

std::string hex(std::string_view digits) {
  const auto bytes = decode_hex(digits);
  REQUIRE(bytes);
  return *bytes;
}

std::string text_of(const Sha256& digest) {
  return {digest.begin(), digest.end()};
}

const Secret key(std::string(32, 'k'));
const std::string nonce(12, 'n');

std::string flipped(std::string text, std::size_t at) {
  text[at] = static_cast<char>(text[at] ^ 1);
  return text;
}

}  // namespace

TEST_CASE("SHA-256 gives FIPS 180-4's examples") {
  CHECK(text_of(sha256("abc")) == hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  CHECK(text_of(sha256("")) == hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

TEST_CASE("HKDF gives the first test case of RFC 5869") {
  const Secret derived =
      hkdf_sha256(Secret(std::string(22, '\x0b')), hex("000102030405060708090a0b0c"), hex("f0f1f2f3f4f5f6f7f8f9"), 42);
  CHECK(derived == Secret(hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")));
}

TEST_CASE("HKDF gives the third test case of RFC 5869, without salt and info") {
  const Secret derived = hkdf_sha256(Secret(std::string(22, '\x0b')), "", "", 42);
  CHECK(derived == Secret(hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")));
}

TEST_CASE("AES-256-GCM gives test case 16 of its specification") {
  const Secret feffe9(hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  const std::string sealed = seal_aes_256_gcm(
      feffe9, hex("cafebabefacedbaddecaf888"),
      hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0d"
          "e657ba637b39"),
      hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
  CHECK(sealed == hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
                      "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"));
}

TEST_CASE("What was sealed opens with the same key, nonce and associated data alone") {
  for (const std::string text : {"", "a", "longer than one block of sixteen bytes"}) {
    CAPTURE(text);
    const std::string sealed = seal_aes_256_gcm(key, nonce, text, "associated");
    CHECK(sealed.size() == text.size() + gcm_tag_bytes);
    CHECK(open_aes_256_gcm(key, nonce, sealed, "associated") == Secret(text));
    CHECK_FALSE(open_aes_256_gcm(Secret(std::string(32, 'x')), nonce, sealed, "associated"));
    CHECK_FALSE(open_aes_256_gcm(key, flipped(nonce, 11), sealed, "associated"));
    CHECK_FALSE(open_aes_256_gcm(key, nonce, sealed, "Associated"));
    CHECK_FALSE(open_aes_256_gcm(key, nonce, sealed, ""));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
      CHECK_FALSE(open_aes_256_gcm(key, nonce, flipped(sealed, i), "associated"));
    }
    CHECK_FALSE(open_aes_256_gcm(key, nonce, sealed + '\0', "associated"));
  }
}

TEST_CASE("Sealed bytes without a whole tag do not open") {
  const std::string sealed = seal_aes_256_gcm(key, nonce, "", "");
  CHECK(open_aes_256_gcm(key, nonce, sealed, "") == Secret());
  CHECK_FALSE(open_aes_256_gcm(key, nonce, sealed.substr(1), ""));
  CHECK_FALSE(open_aes_256_gcm(key, nonce, "", ""));
}

TEST_CASE("A key or a nonce of another size is the caller's mistake") {
  for (const std::size_t size : {0, 16, 31, 33}) {
    CHECK_THROWS_AS(seal_aes_256_gcm(Secret(std::string(size, 'k')), nonce, "", ""), std::length_error);
  }
  for (const std::size_t size : {0, 11, 13}) {
    CHECK_THROWS_AS(seal_aes_256_gcm(key, std::string(size, 'n'), "", ""), std::length_error);
  }
}

TEST_CASE("Texts are equal in constant time when every byte is") {
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("secret", "secret"));
  CHECK_FALSE(equal_in_constant_time("secret", "secreT"));
  CHECK_FALSE(equal_in_constant_time("secret", "Secret"));
  CHECK_FALSE(equal_in_constant_time("secret", "secrets"));
  CHECK_FALSE(equal_in_constant_time("", "s"));
}

TEST_CASE("Random bytes fill all that was asked for, and differ") {
  Sha256 first{}, second{};
  fill_random(first.data(), first.size());
  fill_random(second.data(), second.size());
  CHECK(first != second);
  CHECK(std::string(32, '\0') != text_of(first));
  fill_random(first.data(), 0);
}
