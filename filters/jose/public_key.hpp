// Public keys between OpenSSL, this program and JWKs (RFC 7517).
#pragma once

#include <openssl/types.h>

#include <string>
#include <tl/expected.hpp>

#include "base/json.hpp"
#include "filters/jose/jwk.hpp"

namespace postern::jose {

// The public part of OpenSSL's key, public or private, taken apart and built again, so that it passes the very checks
// of a JWK. The error names what makes it unusable.
tl::expected<Key, std::string> make_public_key(const EVP_PKEY* key);

// The key as a JWK: its required members (RFC 7638 section 3.2), then `kid`, `alg` and `use` where it has them. Not for
// `oct`: a secret is not published.
Json to_jwk(const Key& key);

}  // namespace postern::jose
