// Public keys of EdDSA as points of their curve, which OpenSSL takes without a look (RFC 8032 sections 5.1 and 5.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::jose {

// Nothing when the bytes encode a point of "Ed25519" or "Ed448", of as many bytes as a key of it has, whose order is large.
// Else what is wrong: it is no point of the curve (RFC 8032 sections 5.1.3 and 5.2.3), or its order divides the cofactor, and
// signatures verify under it that anybody can write.
std::optional<std::string> judge_edwards_point(std::string_view curve, std::string_view encoded);

}  // namespace postern::jose
