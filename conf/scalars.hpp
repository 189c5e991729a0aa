// The configuration's small notations: integers, booleans, durations, sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "conf/config.hpp"

namespace postern::conf {

// Decimal digits without sign and without leading zeros; nothing for anything else or above 2^64-1.
std::optional<std::uint64_t> parse_integer(std::string_view text);

// `true` or `false`, nothing else.
std::optional<bool> parse_boolean(std::string_view text);

// An integer and one of `ms s m h d`; nothing for anything else or above 36500 days.
std::optional<Duration> parse_duration(std::string_view text);

// An integer alone (bytes) or with one of `KiB MiB GiB`; nothing for anything else or above 2^63-1.
std::optional<Bytes> parse_bytes(std::string_view text);

// The shortest text in the largest unit that parses back to the value.
std::string format_duration(Duration value);
std::string format_bytes(Bytes value);

}  // namespace postern::conf
