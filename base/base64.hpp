// base64, base64url and hexadecimal digits (RFC 4648 sections 4, 5 and 8), strict in what is read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern {

// base64url without padding as RFC 7515 section 2 wants it: refuses `=`, `+`, `/`, white space, a length of 4n+1 and
// trailing bits that are not zero.
std::optional<std::string> decode_base64url(std::string_view text);

// base64 with its padding; refuses everything that `encode_base64` would not have written.
std::optional<std::string> decode_base64(std::string_view text);

// Pairs of hexadecimal digits of either case.
std::optional<std::string> decode_hex(std::string_view text);

std::string encode_base64url(std::string_view bytes);  // no padding
std::string encode_base64(std::string_view bytes);     // padded
std::string encode_hex(std::string_view bytes);        // in lower case

}  // namespace postern
