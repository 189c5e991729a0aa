#include "filters/sent_access.hpp"

#include <doctest/doctest.h>

#include <optional>

#include "tests/unit/filters/issuer.hpp"
#include "tests/unit/filters/published_keys.hpp"
#include "tests/unit/run_until.hpp"

using namespace postern;
using namespace postern::filters;

namespace {

// How a token of the shared key with that header and payload is judged.
std::string_view judged(std::string_view header, const std::string& claims, bool fails) {
  const auto provider = make_provider();
  provider->source = std::make_shared<Published>(fails);
  const std::string text = mint::sign(mint::shared_key("RS256"), std::string(header), claims);
  jose::Token token = jose::parse_token(text).value();
  FilterWorkerState state;
  boost::asio::io_context io{1};
  std::optional<tl::expected<jose::Claims, Refusal>> verdict;
  const auto verify = [&]() -> Task<void> {
    auto claims = co_await verify_by_newest_keys(token, *provider, state, test_now);
    verdict.emplace(std::move(claims));
  };
  spawn(io.get_executor(), verify());
  run_until(io, [&] { return verdict.has_value(); });
  return verdict->has_value() ? "valid" : code_of(verdict->error().reason);
}

constexpr std::string_view of_k1 = R"({"alg":"RS256","kid":"k1"})";
constexpr std::string_view of_k2 = R"({"alg":"RS256","kid":"k2"})";

}  // namespace

TEST_CASE("a token at an endpoint whose key is unknown cannot be judged while fetching keys fails") {
  CHECK(judged(of_k2, payload(), true) == "keys_unavailable");
  CHECK(judged(of_k2, payload(), false) == "key_unknown");
}

TEST_CASE("a token at an endpoint that no other key would change is judged though fetching keys fails") {
  CHECK(judged(of_k1, payload(), true) == "valid");
  CHECK(judged(of_k1, payload(R"("nbf":1700000100)"), true) == "token_not_yet_valid");
  CHECK(judged(of_k2, payload(R"("nbf":1700000100)"), true) == "key_unknown");
}
