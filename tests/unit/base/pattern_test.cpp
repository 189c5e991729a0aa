#include "base/pattern.hpp"

#include <doctest/doctest.h>

namespace postern {

TEST_CASE("A pattern matches the whole subject, never a part") {
  const auto pattern = Pattern::compile("https://[a-z]+\\.example\\.com");
  REQUIRE(pattern);
  CHECK(pattern->matches("https://shop.example.com"));
  CHECK_FALSE(pattern->matches("https://shop.example.com.evil.test"));
  CHECK_FALSE(pattern->matches("x https://shop.example.com"));
  CHECK_FALSE(pattern->matches("https://shopXexample.com"));
  CHECK_FALSE(pattern->matches("https://shop.example.com\n"));
}

TEST_CASE("Alternatives are anchored as a whole") {
  const auto pattern = Pattern::compile("a|b");
  REQUIRE(pattern);
  CHECK_FALSE(pattern->matches("ax"));
  CHECK_FALSE(pattern->matches("xb"));
}

TEST_CASE("A pattern keeps its text, and a copy matches like it") {
  const auto pattern = Pattern::compile("a+");
  REQUIRE(pattern);
  const Pattern copy = *pattern;
  CHECK(copy.text() == "a+");
  CHECK(copy.matches("aaa"));
}

TEST_CASE("A pattern that does not compile says why") {
  const auto pattern = Pattern::compile("a(b");
  REQUIRE_FALSE(pattern);
  CHECK(pattern.error() == "missing ): a(b");
}

TEST_CASE("What makes a backtracking engine exponential takes no time") {
  const auto pattern = Pattern::compile("(a+)+b");
  REQUIRE(pattern);
  CHECK_FALSE(pattern->matches(std::string(100'000, 'a')));
}

}  // namespace postern
