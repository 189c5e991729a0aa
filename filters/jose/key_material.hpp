// From numbers and bytes to a Key: the one place that decides whether key material is sound, for JWK and PEM alike.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "filters/jose/jwk.hpp"

namespace postern::jose {

inline constexpr unsigned minimum_rsa_bits = 2048;
inline constexpr unsigned maximum_rsa_bits = 16384;        // OpenSSL verifies nothing above
inline constexpr unsigned maximum_rsa_exponent_bits = 64;  // the same: a longer one only makes verifying slow
inline constexpr unsigned minimum_secret_bits = 256;       // HS256's hash

// The numbers are unsigned and big-endian; leading zeros are ignored. Refuses a modulus outside the limits or even, and
// an exponent that is even, 1 or too long.
tl::expected<Key, std::string> make_rsa_key(std::string_view modulus, std::string_view exponent);

// `curve` is the JWK's `crv`. Coordinates shorter than the field are padded on the left, as some issuers drop leading
// zeros; longer ones, unknown curves and points off the curve are refused.
tl::expected<Key, std::string> make_ec_key(std::string_view curve, std::string_view x, std::string_view y);

// Ed25519 and Ed448 (RFC 8037 section 2); the curves for key agreement are refused.
tl::expected<Key, std::string> make_okp_key(std::string_view curve, std::string_view x);

}  // namespace postern::jose
