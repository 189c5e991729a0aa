// How long a revocation must be known: until the tokens that it concerns have expired. Pure.
#pragma once

#include <optional>
#include <string>

#include "conf/token_service.hpp"
#include "state/revocation.hpp"

namespace postern::token_service {

// By then no access token of the service that was issued until `issued` is accepted anywhere, with whatever lifetime
// the configuration of that time had.
state::Millis access_tokens_gone_by(state::Millis issued);

// The `until` of what users revoke by name, sessions that may end `now`: the same for an hour, rounded up. Who says it
// again then says nothing new, and stores keep nothing more (state/store.hpp).
state::Millis sessions_gone_by(state::Millis now);

// Of a session of the service, and all of its access tokens, until sessions_gone_by().
state::Revocation session_revocation(std::string issuer, std::string sid, state::Millis now);

// The `until` of a revocation that has none. For tokens of `service`: when all that were issued before `before`, or
// now, have expired; of a key when it has been replaced as well, since whoever has stolen it goes on signing: after the
// longest turn that a configuration may give, as nobody knows which one it was made by. For another issuer's, whose
// lifetimes nobody here knows: a day later.
state::Millis usual_until(const state::Revocation& revocation, const std::optional<conf::TokenService>& service,
                          state::Millis now);

}  // namespace postern::token_service
