#include "filters/token_service/revocation_times.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {
namespace {

using Kind = state::Revocation::Kind;

constexpr state::Millis now = 1'700'000'000'000;
constexpr state::Millis minute = 60'000, hour = 3'600'000, day = 86'400'000;
constexpr state::Millis leeway = 5'000 + 1'000;

conf::TokenService some_service() {
  conf::TokenService service;
  service.issuer = "own";
  service.access_lifetime = std::chrono::minutes(15);
  service.signing_keys.publish_ahead = std::chrono::hours(1);
  service.signing_keys.rotate_every = std::chrono::hours(10);
  return service;
}

state::Millis usual(Kind kind, std::string issuer, std::optional<state::Millis> before = {}) {
  return usual_until({kind, std::move(issuer), "value", before, 0}, some_service(), now) - now;
}

}  // namespace

TEST_CASE("The service's own tokens have expired after their lifetime and the clocks' leeway") {
  CHECK(access_tokens_gone_by(some_service(), now) - now == 15 * minute + leeway);
  CHECK(usual(Kind::jti, "own") == 15 * minute + leeway);
  CHECK(usual(Kind::sid, "own") == 15 * minute + leeway);
  CHECK(usual(Kind::sub, "own") == 15 * minute + leeway);
  CHECK(usual(Kind::issuer, "own", now - day) == 15 * minute + leeway);
}

TEST_CASE("Tokens that will be issued until `before` are waited for as well") {
  CHECK(usual(Kind::sub, "own", now + hour) == hour + 15 * minute + leeway);
  CHECK(usual(Kind::issuer, "other", now + hour) == hour + day);
}

TEST_CASE("A key of the service's own is revoked until its turn is over, published and all") {
  CHECK(usual(Kind::kid, "own") == 11 * hour + 15 * minute + leeway);
}

TEST_CASE("Another issuer's tokens are taken to live for a day") {
  CHECK(usual(Kind::jti, "other") == day);
  CHECK(usual(Kind::kid, "other") == day);
}

}  // namespace postern::token_service
