#include "filters/refused_tokens.hpp"

#include <doctest/doctest.h>

using namespace postern;
using namespace postern::filters;

namespace {

RefusedTokens::Entry refused(std::string token, std::uint64_t filter = 1) {
  RefusedTokens::Entry entry;
  entry.filter = filter;
  entry.token = std::move(token);
  entry.refused_at = 1000;
  entry.refusal = Refusal(Reason::signature_invalid, "why");
  return entry;
}

}  // namespace

TEST_CASE("a refused token is found by its exact bytes and its filter, for as long as it is remembered") {
  RefusedTokens tokens;
  CHECK(tokens.find(1, "a.b.c", 1000) == nullptr);
  tokens.insert(refused("a.b.c"));
  const auto* const found = tokens.find(1, "a.b.c", 1000);
  REQUIRE(found != nullptr);
  CHECK(found->refusal.detail == "why");
  CHECK(tokens.find(1, "a.b.c", 1000 + RefusedTokens::lifetime - 0.001) == found);
  CHECK(tokens.find(1, "a.b.c", 1000 + RefusedTokens::lifetime) == nullptr);
  CHECK(tokens.find(1, "a.b.c", 999) == nullptr);
  CHECK(tokens.find(2, "a.b.c", 1000) == nullptr);
  CHECK(tokens.find(1, "a.b.d", 1000) == nullptr);
  CHECK(tokens.find(1, "", 1000) == nullptr);
}

TEST_CASE("a refused token of the longest length is remembered, and none that is longer") {
  RefusedTokens tokens;
  const std::string longest(RefusedTokens::longest, 'a');
  tokens.insert(refused(longest));
  CHECK(tokens.find(1, longest, 1000) != nullptr);
  tokens.insert(refused(longest + 'a'));
  CHECK(tokens.find(1, longest + 'a', 1000) == nullptr);
}

TEST_CASE("refused tokens that were cleared are remembered no longer") {
  RefusedTokens tokens;
  tokens.insert(refused("a.b.c"));
  tokens.clear();
  CHECK(tokens.find(1, "a.b.c", 1000) == nullptr);
  tokens.insert(refused("a.b.c"));
  CHECK(tokens.find(1, "a.b.c", 1000) != nullptr);
}

TEST_CASE("of refused tokens that share the hashed end the last one is remembered") {
  RefusedTokens tokens;
  const std::string end(64, 'e');
  tokens.insert(refused("a." + end));
  tokens.insert(refused("b." + end));
  CHECK(tokens.find(1, "a." + end, 1000) == nullptr);
  CHECK(tokens.find(1, "b." + end, 1000) != nullptr);
}

TEST_CASE("however many tokens are refused, there is no more than a place for each of the last") {
  RefusedTokens tokens;
  for (int i = 0; i < 10'000; ++i) tokens.insert(refused(std::to_string(i)));
  std::size_t found = 0;
  for (int i = 0; i < 10'000; ++i) found += tokens.find(1, std::to_string(i), 1000) != nullptr ? 1 : 0;
  CHECK(found == RefusedTokens::places);
}
