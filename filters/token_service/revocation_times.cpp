#include "filters/token_service/revocation_times.hpp"

#include <algorithm>

namespace postern::token_service {
namespace {

constexpr state::Millis foreign_lifetime = 86'400'000;
constexpr state::Millis rounding = 1'000;  // `exp` and `iat` are whole seconds

}  // namespace

state::Millis access_tokens_gone_by(const conf::TokenService& service, state::Millis issued) {
  return issued + service.access_lifetime.count() + service.leeway.count() + rounding;
}

state::Millis usual_until(const state::Revocation& revocation, const conf::TokenService& service, state::Millis now) {
  const state::Millis last_issued = std::max(now, revocation.before.value_or(now));
  if (revocation.issuer != service.issuer) return last_issued + foreign_lifetime;
  if (revocation.kind != state::Revocation::Kind::kid) return access_tokens_gone_by(service, last_issued);
  // The key is published already at the latest, and signs for one turn.
  const conf::SigningKeys& keys = service.signing_keys;
  return access_tokens_gone_by(service, now + keys.publish_ahead.count() + keys.rotate_every.count());
}

}  // namespace postern::token_service
