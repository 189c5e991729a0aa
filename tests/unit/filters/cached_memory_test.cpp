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
  std::size_t texts = 0;    // of the tokens: less cannot have been taken
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
  std::size_t texts = 0;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    run(tokens[i]);
    texts += tokens[i].size();
  }
  return {allocated() - before.taken, gate.state.tokens.bytes() - before.counted, texts};
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
  const auto header = [](std::string claim, std::string name, conf::ClaimFormat format) {
    return conf::ClaimHeader{{std::move(claim)}, std::move(name), format};
  };
  const conf::ClaimHeader whole = header("*", "X-Claims", conf::ClaimFormat::base64json);
  const std::vector<std::vector<conf::ClaimHeader>> routes = {
      {},
      {whole},
      {whole, header("sub", "X-User-Id", conf::ClaimFormat::plain), header("roles", "X-Role", conf::ClaimFormat::repeated),
       header("realm_access", "X-Realm-Access", conf::ClaimFormat::json)},
  };
  const std::vector<std::string> tokens = some_tokens();
  for (const auto& headers : routes) {
    CAPTURE(headers.size());
    Gate gate;
    gate.route.claim_headers = headers;
    const Growth growth = growth_by(gate, tokens);
    CHECK(growth.taken > growth.texts);
    CHECK(growth.taken < growth.counted);
  }
}

}  // namespace
}  // namespace postern::filters
