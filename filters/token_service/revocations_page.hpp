// `/revocations` of the admin listener.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "conf/token_service.hpp"
#include "filters/token_service/followed_store.hpp"
#include "gateway/admin_page.hpp"

namespace postern::token_service {

// Whether a provider of this gateway takes tokens of that issuer.
using KnowsIssuer = std::function<bool(const std::string& issuer)>;

// POST revokes what its JSON says (state::parse_revocation(); `until` is usual_until()'s unless it is given), in the
// store and in this process, and answers 200 with `{"sequence":7,"revocation":{...}}`, and a `warning` where no
// provider here has the issuer: another gateway of the store may have it, or it is written wrong. 415 for another
// Content-Type, 400 for what is no revocation or has expired already, 503 when the store does not answer; then it may
// have happened.
//
// GET tells what this process knows: `{"following":true,"caught_up":1700000000,"count":3}`, where `caught_up` is the
// last instant at which nothing in the store was newer, in Unix seconds; null before the first.
AdminPage revocations_page(FollowedStore followed, std::optional<conf::TokenService> service, KnowsIssuer knows_issuer);

}  // namespace postern::token_service
