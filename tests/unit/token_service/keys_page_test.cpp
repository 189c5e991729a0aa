#include "filters/token_service/keys_page.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {
namespace {

state::SigningKeyRecord key(std::string kid, state::Millis from, state::Millis until, state::Millis retired) {
  return {.kid = std::move(kid),
          .alg = "ES256",
          .private_key = Secret("the private key"),
          .created = from,
          .signs_from = from,
          .signs_until = until,
          .retired = retired};
}

// `kid:phase` of each, as the text tells them.
std::string phases(const state::SigningKeySet& set, state::Millis now) {
  const auto json = parse_json(keys_text(set, now, ""));
  REQUIRE(json);
  std::string all;
  for (const Json& listed : *json->find("keys")->array()) {
    all += *listed.find("kid")->string() + ":" + *listed.find("phase")->string() + " ";
  }
  return all;
}

const state::SigningKeySet scheduled{2, {key("old", 1000, 5000, 6000), key("next", 5000, 9000, 9500)}};

}  // namespace

TEST_CASE("A key is told with its times in seconds, and nothing of its private key") {
  CHECK(keys_text({1, {key("a", 1'000'999, 2'000'000, 3'000'000)}}, 1'500'000, "") ==
        R"({"keys":[{"kid":"a","alg":"ES256","phase":"signing","created":1000,"signs_from":1000,"signs_until":2000,)"
        R"("retired":3000}]})");
}

TEST_CASE("Why the store could not be asked is told beside the keys") {
  CHECK(keys_text({}, 0, "it is gone") == R"({"keys":[],"error":"it is gone"})");
  CHECK(keys_text({}, 0, "") == R"({"keys":[]})");
}

TEST_CASE("Keys of a schedule are published, sign, verify and retire") {
  CHECK(phases(scheduled, 4999) == "old:signing next:published ");
  CHECK(phases(scheduled, 5000) == "old:verifying next:signing ");
  CHECK(phases(scheduled, 6000) == "old:retired next:signing ");
}

TEST_CASE("Where a demanded key signs, one whose time goes on verifies") {
  const state::SigningKeySet set{3,
                                 {key("old", 1000, 5000, 6000), key("demanded", 2000, 6000, 7000), scheduled.keys[1]}};
  CHECK(phases(set, 1999) == "old:signing demanded:published next:published ");
  CHECK(phases(set, 2000) == "old:verifying demanded:signing next:published ");
  CHECK(phases(set, 5000) == "old:verifying demanded:verifying next:signing ");
}

TEST_CASE("A key that signs because there is no other is told so") {
  CHECK(phases({1, {key("late", 1000, 2000, 3000)}}, 2500) == "late:signing ");
}

}  // namespace postern::token_service
