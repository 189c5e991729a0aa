// `/keys` and `/keys/rotate` of the admin listener.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "filters/token_service/signing_keys.hpp"
#include "gateway/admin_page.hpp"

namespace postern::token_service {

// So many keys may be there before another is demanded: each stays in the JWKS, which every verifier reads, to the end
// of its schedule.
inline constexpr std::size_t most_keys = 64;

// `{"keys":[{"kid":"...","alg":"ES256","phase":"signing","created":1700000000,"signs_from":1700000000,"signs_until":
// 1702592000,"retired":1702592960}]}`: Unix seconds, by `signs_from`. `phase` is what the key does among the others at
// `now`: `published` does not sign yet, `signing` is the one that does, `verifying` has done so, `retired` is over.
// `error`, a member of its own, is there unless it is empty. Nothing of a private key.
std::string keys_text(const state::SigningKeySet& set, state::Millis now, const std::string& error);

// GET /keys asks the store first, and lists what this process has then; `error` says why when the store could not be
// asked. 503 when there is nothing to list for that reason.
//
// POST /keys/rotate makes a key that signs at once and answers as GET /keys. The others keep their schedules, and go on
// verifying. 409 when there are too many; 503 when the store does not answer, and then it may have happened.
std::vector<AdminPage> keys_pages(std::shared_ptr<SigningKeys> keys);

}  // namespace postern::token_service
