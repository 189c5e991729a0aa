// Keys in PEM (RFC 7468): public keys and certificates.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "filters/jose/jwks.hpp"

namespace postern::jose {

// Reads every PEM public key and certificate in `text` (SubjectPublicKeyInfo, RSAPublicKey, X.509), under the same
// rules as a JWK. A block that is no such key, or a weak one, or a private one, is skipped and named by its number and
// label; it never takes the good ones down. An error only when the text is no PEM at all, or when a block is damaged or
// cut off. A certificate's validity is not looked at.
tl::expected<LoadedKeys, std::string> parse_pem_keys(std::string_view text);

}  // namespace postern::jose
