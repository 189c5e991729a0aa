// OAuth's endpoints, for clients that prove themselves by a secret: token (RFC 6749 section 3.2), revocation (RFC 7009)
// and introspection (RFC 7662). Forms alone; errors after RFC 6749 section 5.2. The service's own logins need no
// client: their tokens are proof enough for refreshing and revoking them.
#pragma once

#include <memory>

#include "filters/build.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

std::unique_ptr<const Filter> make_oauth_token_endpoint(const Build& build);
std::unique_ptr<const Filter> make_oauth_revoke_endpoint(const Build& build);
std::unique_ptr<const Filter> make_oauth_introspect_endpoint(const Build& build);

}  // namespace postern::filters
