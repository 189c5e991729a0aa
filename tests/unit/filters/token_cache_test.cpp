#include "filters/token_cache.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace postern::filters;

namespace {

// The cache never looks into an identity: a pointer with a count is enough. Its memory holds the token.
std::shared_ptr<Identity> holder_of(const std::shared_ptr<std::string>& token) {
  return {token, reinterpret_cast<Identity*>(token.get())};
}

std::shared_ptr<Identity> put(TokenCache& cache, std::string_view text, std::uint64_t filter = 1,
                              Validity validity = {}) {
  const auto token = std::make_shared<std::string>(text);
  const auto identity = holder_of(token);
  cache.insert(filter, *token, identity, 100 + token->size(), validity);
  return identity;
}

constexpr std::size_t plenty = 1 << 30;

// What a cache takes for so many tokens of one letter.
std::size_t room_for(std::size_t tokens) {
  TokenCache probe(plenty);
  put(probe, "a");
  return tokens * probe.bytes();
}

bool has(TokenCache& cache, std::string_view token, std::uint64_t filter = 1, double now = 1000) {
  return cache.find(filter, token, now) != nullptr;
}

}  // namespace

TEST_CASE("a token is found by its exact bytes and the filter that accepted it") {
  TokenCache cache(plenty);
  const auto identity = put(cache, "aaa.bbb.ccc");
  REQUIRE(has(cache, "aaa.bbb.ccc"));
  CHECK(*cache.find(1, "aaa.bbb.ccc", 1000) == identity);
  CHECK_FALSE(has(cache, "aaa.bbb.ccd"));
  CHECK_FALSE(has(cache, "aaa.bbb.cc"));
  CHECK_FALSE(has(cache, "aaa.bbb.ccc", 2));
}

TEST_CASE("a token is served from its first valid second until the one from which it is refused") {
  TokenCache cache(plenty);
  put(cache, "t", 1, {100, 200});
  CHECK(has(cache, "t", 1, 100));
  CHECK(has(cache, "t", 1, 199.999));
  CHECK_FALSE(has(cache, "t", 1, 200));
  CHECK(cache.size() == 0);  // dropped: the full judgement names the reason from now on
  put(cache, "t", 1, {100, 200});
  CHECK_FALSE(has(cache, "t", 1, 99.999));  // a clock set back
}

TEST_CASE("an entry that was used stays when one that was not can go") {
  TokenCache cache(room_for(3));
  for (const char* token : {"a", "b", "c"}) put(cache, token);
  CHECK(has(cache, "a"));
  CHECK(has(cache, "c"));
  put(cache, "d");
  CHECK(has(cache, "a"));
  CHECK_FALSE(has(cache, "b"));
  CHECK(has(cache, "c"));
}

TEST_CASE("the number of bytes is bounded") {
  TokenCache cache(room_for(2));
  put(cache, "a");
  put(cache, "b");
  CHECK(cache.size() == 2);
  CHECK(cache.bytes() == room_for(2));
  put(cache, "c");
  CHECK(cache.size() == 2);
  CHECK(cache.bytes() == room_for(2));
  CHECK(has(cache, "c"));
  TokenCache smaller(room_for(2) - 1);
  put(smaller, "a");
  put(smaller, "b");
  CHECK(smaller.size() == 1);
}

TEST_CASE("a token that alone exceeds the bytes is left out and pushes nothing out") {
  TokenCache cache(room_for(1));
  put(cache, "a");
  put(cache, "bb");
  CHECK(has(cache, "a"));
  CHECK_FALSE(has(cache, "bb"));
}

TEST_CASE("storing a token again replaces its identity") {
  TokenCache cache(plenty);
  put(cache, "a", 1, {0, 10});
  put(cache, "a", 1, {0, 20});
  CHECK(cache.size() == 1);
  CHECK(has(cache, "a", 1, 15));
}

TEST_CASE("a dropped token's identity is released") {
  TokenCache cache(room_for(1));
  const auto identity = put(cache, "a");
  const auto uses = identity.use_count();
  put(cache, "b");
  CHECK(identity.use_count() == uses - 1);
}

TEST_CASE("a cleared cache has released what it had, and takes tokens as before") {
  TokenCache cache(plenty);
  std::vector<std::shared_ptr<Identity>> put_before;
  for (int i = 0; i < 1000; ++i) put_before.push_back(put(cache, std::to_string(i)));
  cache.clear();
  CHECK(cache.size() == 0);
  CHECK(cache.bytes() == 0);
  for (const auto& identity : put_before) REQUIRE(identity.use_count() == 1);
  for (int i = 0; i < 1000; ++i) REQUIRE_FALSE(has(cache, std::to_string(i)));
  for (int i = 0; i < 1000; ++i) put(cache, std::to_string(i));
  for (int i = 0; i < 1000; ++i) REQUIRE(has(cache, std::to_string(i)));
}

TEST_CASE("ten thousand tokens coming and going never lose one that must be there") {
  TokenCache cache(room_for(500), {1, 2});
  std::vector<std::string> tokens;
  for (int i = 0; i < 10'000; ++i) {
    tokens.push_back("token-" + std::to_string(i * 7919));
    put(cache, tokens.back(), 1, {0, i % 3 == 0 ? 2000.0 : 3000.0});
    CHECK(has(cache, tokens.back()));
    if (i % 11 == 0) has(cache, tokens[static_cast<std::size_t>(i) / 2], 1, 2500);  // may drop an expired one
    CHECK(cache.size() <= 500);
  }
  std::size_t found = 0;
  for (const auto& token : tokens) found += has(cache, token);
  CHECK(found == cache.size());
}
