#include "filters/token_service/revocation_times.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {
namespace {

using Kind = state::Revocation::Kind;

constexpr state::Millis now = 1'700'000'000'000;
constexpr state::Millis hour = 3'600'000, day = 86'400'000;
constexpr state::Millis longest =
    day + 300'000 + 1'000;  // lifetime and leeway that a configuration may say, and a second

conf::TokenService some_service() {
  conf::TokenService service;
  service.issuer = "own";
  service.signing_keys.publish_ahead = std::chrono::hours(1);  // a key of today: the revoked one may be older
  service.signing_keys.rotate_every = std::chrono::hours(10);
  return service;
}

state::Millis usual(Kind kind, std::string issuer, std::optional<state::Millis> before = {}) {
  return usual_until({kind, std::move(issuer), "value", before, 0}, some_service(), now) - now;
}

}  // namespace

TEST_CASE("The service's own tokens have expired after the longest lifetime and leeway that there may be") {
  CHECK(access_tokens_gone_by(now) - now == longest);
  CHECK(usual(Kind::jti, "own") == longest);
  CHECK(usual(Kind::sid, "own") == longest);
  CHECK(usual(Kind::sub, "own") == longest);
  CHECK(usual(Kind::issuer, "own", now - day) == longest);
}

TEST_CASE("Tokens that will be issued until `before` are waited for as well") {
  CHECK(usual(Kind::sub, "own", now + hour) == hour + longest);
  CHECK(usual(Kind::issuer, "other", now + hour) == hour + day);
}

TEST_CASE("A key of the service's own is revoked until the longest turn is over that it may have been made for") {
  CHECK(usual(Kind::kid, "own") == (90 + 365) * day + longest);
}

TEST_CASE("A session's revocation names its issuer, and stays until its tokens are gone") {
  const state::Revocation revocation = session_revocation("own", "s", now);
  CHECK(revocation == state::Revocation{Kind::sid, "own", "s", {}, sessions_gone_by(now)});
}

TEST_CASE("A session that is revoked again in the same hour is revoked until the same instant") {
  const state::Millis begin = now / hour * hour - longest % hour;  // from here on it is the next full hour
  CHECK(sessions_gone_by(begin) == begin + longest);
  CHECK(sessions_gone_by(begin + 1) == begin + longest + hour);
  CHECK(sessions_gone_by(begin + hour) == begin + longest + hour);
  CHECK(sessions_gone_by(begin + hour + 1) == begin + longest + 2 * hour);
}

TEST_CASE("Another issuer's tokens are taken to live for a day") {
  CHECK(usual(Kind::jti, "other") == day);
  CHECK(usual(Kind::kid, "other") == day);
  CHECK(usual_until({Kind::kid, "own", "value", {}, 0}, std::nullopt, now) - now == day);
}

}  // namespace postern::token_service
