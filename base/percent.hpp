// Percent-encoding (RFC 3986 section 2.1), as it is undone in whole texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern {

// Both give nothing for a `%` without two hexadecimal digits behind it. What they decode may be a secret: it is written
// to one place only.
std::optional<std::string> decode_percent(std::string_view text);
std::optional<std::string> decode_form(std::string_view text);  // application/x-www-form-urlencoded: `+` is a space

}  // namespace postern
