#include "filters/key_wait.hpp"

#include <doctest/doctest.h>

#include "tests/unit/filters/issuer.hpp"
#include "tests/unit/filters/published_keys.hpp"

using namespace postern;
using namespace postern::filters;

namespace {

// What a refusal for that reason of a token with that header becomes.
Reason told(Reason reason, std::string_view header, bool fails) {
  const auto provider = make_provider();
  provider->source = std::make_shared<Published>(fails);
  const std::string text = mint::sign(mint::shared_key("RS256"), std::string(header), payload());
  return decided(Refusal(reason), jose::parse_token(text).value(), *provider).reason;
}

constexpr std::string_view known = R"({"alg":"RS256","kid":"k1"})";
constexpr std::string_view unknown = R"({"alg":"RS256","kid":"k2"})";
constexpr std::string_view nameless = R"({"alg":"RS256"})";

}  // namespace

TEST_CASE("whether a token's key exists is not known while fetching fails, and is when it does not") {
  CHECK(told(Reason::key_unknown, unknown, true) == Reason::keys_unavailable);
  CHECK(told(Reason::key_unknown, unknown, false) == Reason::key_unknown);
  CHECK(told(Reason::signature_invalid, nameless, true) == Reason::keys_unavailable);
  CHECK(told(Reason::signature_invalid, nameless, false) == Reason::signature_invalid);
}

TEST_CASE("what no other key would change is decided though fetching fails") {
  CHECK(told(Reason::signature_invalid, known, true) == Reason::signature_invalid);
  CHECK(told(Reason::token_expired, known, true) == Reason::token_expired);
  CHECK(told(Reason::audience_mismatch, known, true) == Reason::audience_mismatch);
  CHECK(told(Reason::keys_unavailable, unknown, true) == Reason::keys_unavailable);
}
