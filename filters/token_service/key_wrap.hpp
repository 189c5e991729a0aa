// Private signing keys as they lie in a store that others may read. Pure.
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "base/secret.hpp"

namespace postern::token_service {

// `v1.` and the base64url of nonce, encrypted PEM and tag: AES-256-GCM under a key of HKDF-SHA256 from the operator's
// secret (salt: the kid; info "postern signing key 1"), with the kid as associated data, so that no key can be put in
// another's place. `nonce` has 12 random bytes, never given twice for one kid; the secret is not empty.
Secret wrap_key(const Secret& pem, const Secret& operator_secret, std::string_view kid, std::string_view nonce);

// The PEM again. Refuses what is no wrapped key, and one of another secret or kid; the error names the kid and nothing
// of the text.
tl::expected<Secret, std::string> unwrap_key(const Secret& wrapped, const Secret& operator_secret,
                                             std::string_view kid);

}  // namespace postern::token_service
