// The access token that comes along when a session is refreshed or ended.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "filters/providers.hpp"
#include "filters/token_service/service.hpp"
#include "filters/worker_state.hpp"

namespace postern::filters {

// What it is worth, with the session and the subject that it names: valid, expired or revoked. As `absent` counts one that has
// expired and whose key is gone, as after a pause longer than the key's life: nothing of it can be believed, and a refresh
// token proves itself. Refused is what is no access token of the service's, by the first rule that it breaks.
tl::expected<token_service::SentAccess, Refusal> judge_sent_access(std::string_view text, const Provider& provider,
                                                                   const token_service::Revocations& revocations,
                                                                   FilterWorkerState& state, double now);

}  // namespace postern::filters
