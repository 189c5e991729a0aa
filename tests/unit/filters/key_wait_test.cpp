#include "filters/key_wait.hpp"

#include <doctest/doctest.h>

#include "tests/unit/filters/issuer.hpp"

using namespace postern;
using namespace postern::filters;

namespace {

// Keys that an issuer publishes, and whether the last fetch of them failed.
class Published final : public keys::KeySource {
 public:
  explicit Published(bool fails) : fails_(fails) {
    publish(std::make_shared<const jose::KeySet>(
        jose::parse_jwks(mint::jwks({mint::jwk(mint::shared_key("RS256"))}), false).value().keys));
  }
  ProviderStatus status() const override { return {}; }
  bool is_failing() const override { return fails_; }
  bool is_remote() const noexcept override { return true; }

 private:
  bool fails_;
};

// Whether a refusal for that reason of a token with that header says nothing about the token.
bool undecided(Reason reason, std::string_view header, bool fails) {
  const auto provider = make_provider();
  provider->source = std::make_shared<Published>(fails);
  const std::string text = mint::sign(mint::shared_key("RS256"), std::string(header), payload());
  return is_undecided(reason, jose::parse_token(text).value(), *provider);
}

constexpr std::string_view known = R"({"alg":"RS256","kid":"k1"})";
constexpr std::string_view unknown = R"({"alg":"RS256","kid":"k2"})";
constexpr std::string_view nameless = R"({"alg":"RS256"})";

}  // namespace

TEST_CASE("whether a token's key exists is not known while fetching fails, and is when it does not") {
  CHECK(undecided(Reason::key_unknown, unknown, true));
  CHECK_FALSE(undecided(Reason::key_unknown, unknown, false));
  CHECK(undecided(Reason::signature_invalid, nameless, true));
  CHECK_FALSE(undecided(Reason::signature_invalid, nameless, false));
}

TEST_CASE("what no other key would change is decided though fetching fails") {
  CHECK_FALSE(undecided(Reason::signature_invalid, known, true));
  CHECK_FALSE(undecided(Reason::token_expired, known, true));
  CHECK_FALSE(undecided(Reason::audience_mismatch, known, true));
  CHECK_FALSE(undecided(Reason::keys_unavailable, unknown, true));
}
