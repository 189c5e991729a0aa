#include "filters/token_service/revocation_times.hpp"

#include <algorithm>
#include <utility>

namespace postern::token_service {
namespace {

constexpr state::Millis foreign_lifetime = 86'400'000;
constexpr state::Millis rounding = 1'000;  // `exp` and `iat` are whole seconds
constexpr state::Millis hour = 3'600'000;

// The access tokens of a session expire with it.
static_assert(state::kept_after_end >= conf::most_leeway.count() + rounding);

}  // namespace

state::Millis access_tokens_gone_by(state::Millis issued) {
  return issued + conf::most_access_lifetime.count() + conf::most_leeway.count() + rounding;
}

state::Millis sessions_gone_by(state::Millis now) {
  return (access_tokens_gone_by(now) + hour - 1) / hour * hour;
}

state::Revocation session_revocation(std::string issuer, std::string sid, state::Millis now) {
  return {.kind = state::Revocation::Kind::sid,
          .issuer = std::move(issuer),
          .value = std::move(sid),
          .before = {},
          .until = sessions_gone_by(now)};
}

state::Millis usual_until(const state::Revocation& revocation, const std::optional<conf::TokenService>& service,
                          state::Millis now) {
  const state::Millis last_issued = std::max(now, revocation.before.value_or(now));
  if (!service || revocation.issuer != service->issuer) return last_issued + foreign_lifetime;
  if (revocation.kind != state::Revocation::Kind::kid) return access_tokens_gone_by(last_issued);
  // The key is published already at the latest, and signs for one turn, as the configuration said when it was made.
  return access_tokens_gone_by(now + conf::most_publish_ahead.count() + conf::most_rotate_every.count());
}

}  // namespace postern::token_service
