// How a claim is written into a header, so that it arrives as it was signed and can never pass for something else.
// Pure.
//
// The rule for text (formats plain, csv, space, repeated): a header carries visible ASCII. `%` and every byte outside
// 0x20-0x7E are percent-encoded as UTF-8 (RFC 3986 section 2.1), and so is a space at the start or end of a value or
// element, which HTTP would trim; in csv and repeated elements also `,`, in space-separated elements also every space.
// Percent-decoding each value or element therefore gives exactly the signed text. CR, LF and NUL are refused.
//
//   plain       string as text, number in its source text, true/false; no array, no object
//   csv         the elements of an array (or one scalar) joined with `,`
//   space       the same joined with ` `; a string is one element, whatever spaces it holds
//   repeated    one header field for each element
//   json        compact JSON in ASCII: other characters as \uXXXX escapes
//   base64json  base64 (RFC 4648 section 4, padded) of compact JSON in UTF-8
//
// An absent claim, or null, gives no header; an empty array an empty value (repeated: no header). Elements of lists are
// scalars but null. An empty element where it could not be told from none - alone in csv, anywhere in space - is
// refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/json.hpp"
#include "conf/config.hpp"

namespace postern::filters {

// The header values of a claim, one for each field to send; the error says why its format cannot carry it. Without a
// format: plain for a scalar, csv for an array, json for an object.
tl::expected<std::vector<std::string>, std::string> write_claim(const Json& claim,
                                                                std::optional<conf::ClaimFormat> format);

// Compact JSON text as pure ASCII.
std::string to_ascii_json(const Json& value);

}  // namespace postern::filters
