#include "state/refresh_token.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "base/base64.hpp"

namespace postern::state {
namespace {

const std::string sid_text = encode_base64url(std::string(16, 's'));
const std::string secret = encode_base64url(std::string(32, 'x'));

void fill_with_a(void* bytes, std::size_t size) {
  std::memset(bytes, 'a', size);
}

}  // namespace

TEST_CASE("A refresh token is the session's name and a secret") {
  REQUIRE((sid_text + '.' + secret).size() == 22 + 1 + 43);
  const auto token = parse_refresh_token(sid_text + '.' + secret);
  REQUIRE(token);
  CHECK(token->sid == sid_text);
  CHECK(token->secret == Secret(std::string(32, 'x')));
  CHECK(format_refresh_token(*token) == Secret(sid_text + '.' + secret));
}

TEST_CASE("Any other text is no refresh token") {
  const std::string short_sid = encode_base64url(std::string(15, 's')),
                    long_sid = encode_base64url(std::string(17, 's'));
  const std::string short_secret = encode_base64url(std::string(31, 'x'));
  const std::string long_secret = encode_base64url(std::string(33, 'x'));
  for (const std::string& text : {std::string(),
                                  std::string("."),
                                  sid_text,
                                  sid_text + '.',
                                  '.' + secret,
                                  secret,
                                  sid_text + secret,
                                  sid_text + '.' + sid_text,
                                  secret + '.' + sid_text,
                                  short_sid + '.' + secret,
                                  long_sid + '.' + secret,
                                  sid_text + '.' + short_secret,
                                  sid_text + '.' + long_secret,
                                  sid_text + '.' + secret + 'A',
                                  'A' + sid_text + '.' + secret,
                                  sid_text + '.' + secret.substr(1),
                                  sid_text.substr(1) + '.' + secret,
                                  sid_text + ".." + secret,
                                  sid_text + '.' + secret + '.',
                                  sid_text + '.' + secret + '.' + secret,
                                  sid_text + '.' + secret + '=',
                                  ' ' + sid_text + '.' + secret,
                                  sid_text + '.' + secret + '\n',
                                  sid_text + ',' + secret}) {
    CAPTURE(text);
    CHECK_FALSE(parse_refresh_token(text));
  }
}

TEST_CASE("A refresh token has one spelling") {
  const std::string text = sid_text + '.' + secret;
  for (const char c : {'+', '/', '=', '.', ' ', '\0'}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{30}, text.size() - 1}) {
      std::string other = text;
      other[at] = c;
      CAPTURE(other);
      CHECK_FALSE(parse_refresh_token(other));
    }
  }
  // The bits of the last character that belong to no byte.
  const auto with_last = [](std::string part, char last) {
    part.back() = last;
    return part;
  };
  CHECK(parse_refresh_token(with_last(sid_text, 'A') + '.' + with_last(secret, 'A')));
  CHECK_FALSE(parse_refresh_token(with_last(sid_text, 'B') + '.' + secret));
  CHECK_FALSE(parse_refresh_token(sid_text + '.' + with_last(secret, 'B')));
}

TEST_CASE("Fresh names and secrets have 128 and 256 random bits") {
  CHECK(make_sid(fill_with_a) == encode_base64url(std::string(16, 'a')));
  CHECK(make_refresh_secret(fill_with_a) == Secret(std::string(32, 'a')));
  CHECK(make_sid() != make_sid());
  CHECK(make_refresh_secret() != make_refresh_secret());
  CHECK(parse_refresh_token(format_refresh_token({make_sid(), make_refresh_secret()}).reveal()));
}

TEST_CASE("A secret is kept as its SHA-256") {
  const TokenHash hash = hash_refresh_secret(Secret("abc"));
  CHECK(decode_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") ==
        std::string(hash.begin(), hash.end()));
}

}  // namespace postern::state
