#include <doctest/doctest.h>
#include <malloc.h>

#include <cstddef>
#include <string>
#include <vector>

#include "filters/claim_headers.hpp"
#include "tests/unit/filters/gate.hpp"

namespace postern::filters {
namespace {

#ifdef POSTERN_SANITIZED
constexpr bool sanitized = true;  // its allocator counts nothing
#else
constexpr bool sanitized = false;
#endif

std::size_t allocated() {
  const struct mallinfo2 heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

struct Growth {
  std::size_t taken = 0;    // from the heap
  std::size_t counted = 0;  // by the cache
};

// What `tokens` leave behind that are accepted on the gate's route.
Growth growth_by(Gate& gate, const std::vector<std::string>& tokens) {
  const Build build{gate.config, gate.providers};
  const auto jwt = gate.make();
  const auto headers = make_claim_headers(gate.route, build);
  const auto run = [&](const std::string& token) {
    TestRequest request(gate.state);
    request.with("Authorization", token);
    REQUIRE(request.outcome(*jwt) == "pass");
    if (headers) REQUIRE(request.outcome(*headers) == "pass");
  };
  run(tokens.front());  // what belongs to the worker is made
  const Growth before{allocated(), gate.state.tokens.bytes()};
  for (std::size_t i = 1; i < tokens.size(); ++i) run(tokens[i]);
  return {allocated() - before.taken, gate.state.tokens.bytes() - before.counted};
}

std::vector<std::string> some_tokens() {
  std::vector<std::string> tokens;
  for (int i = 0; i < 65; ++i) {
    tokens.push_back("Bearer " + token(R"("roles":["reader","writer"],"realm_access":{"roles":["a","b"]},"number":)" +
                                       std::to_string(i)));
  }
  return tokens;
}

TEST_CASE("cached tokens take no more memory than the cache counts" * doctest::skip(sanitized)) {
  const std::vector<std::string> tokens = some_tokens();
  Gate bare;
  const Growth without_headers = growth_by(bare, tokens);
  CHECK(without_headers.taken < without_headers.counted);

  Gate with;
  conf::ClaimHeader whole;
  whole.claim.path = "*";
  whole.header = "X-Claims";
  with.route.claim_headers = {whole};
  const Growth with_headers = growth_by(with, tokens);
  CHECK(with_headers.taken < with_headers.counted);
}

}  // namespace
}  // namespace postern::filters
