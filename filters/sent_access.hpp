// Access tokens of the service's own that come to its endpoints.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "filters/providers.hpp"
#include "filters/token_service/service.hpp"
#include "filters/worker_state.hpp"

namespace postern::filters {

// jose::verify() by the provider's keys, and once more by newer ones where the token's key is not among them: another
// gateway may have made it a moment ago. Refuses keys_unavailable where there are none, and where nobody knows whether
// the token's key exists (decided()). On a refusal `token` stays as it is. All must live until it is done.
Task<tl::expected<jose::Claims, Refusal>> verify_by_newest_keys(jose::Token& token, const Provider& provider,
                                                                FilterWorkerState& state, double now);

// What the access token is worth that comes along when a session is refreshed or ended, with the session and the
// subject that it names.
// - valid, expired, revoked: it is the service's own.
// - absent: it has expired, and its key is gone, as after a pause longer than the key's life. Nothing of it can be
//   believed, and the refresh token proves itself.
// - revoked, and names nothing: its key is revoked, and whoever stole the key may have written it.
// Any other token is refused, by the first rule that it breaks. `text` and the rest must live until it is done.
Task<tl::expected<token_service::SentAccess, Refusal>> judge_sent_access(std::string_view text,
                                                                         const Provider& provider,
                                                                         const token_service::Service& service,
                                                                         FilterWorkerState& state, double now);

}  // namespace postern::filters
