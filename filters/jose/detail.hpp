// How values of a hostile token are shown in the details that operators read: short, printable, unmistakable.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace postern::jose {

// Longer values are cut, and their length is told.
inline constexpr std::size_t shown_bytes = 80;

// `text` in double quotes. Bytes outside printable ASCII become `\xNN`, so that no log or terminal is led astray.
std::string quoted(std::string_view text);

// A JSON value: strings as quoted(), everything else as its compact text, cut and made printable alike.
std::string shown(const Json& value);

// Unix seconds or a duration: "1700000000", "1700000000.25".
std::string shown(double seconds);

// "a", "b", "c", each quoted; of a long list the first few and their number.
std::string shown(std::span<const std::string> texts);

}  // namespace postern::jose
