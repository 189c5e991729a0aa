// The successor of a used refresh token, so sealed that the store cannot read it and the holder of the used one can.
// AES-256-GCM; key = HKDF-SHA256(secret of the used token, salt = sid, info = "postern refresh successor 1"). The bytes
// are the nonce, the encrypted secret and the tag.
#pragma once

#include <optional>
#include <string_view>

#include "base/digest.hpp"
#include "base/secret.hpp"
#include "state/session.hpp"

namespace postern::state {

// The nonce is random, because gateways that race for one `used` seal different successors with one key.
SealedSuccessor seal_successor(const Secret& used, std::string_view sid, const Secret& successor, Millis opens_until,
                               FillRandom random = fill_random);

// The successor's secret; nothing when `used` and `sid` do not open it, or from opens_until on.
std::optional<Secret> open_successor(const SealedSuccessor& sealed, const Secret& used, std::string_view sid,
                                     Millis now);

}  // namespace postern::state
