// "Did you mean": the nearest of the known names.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern::conf {

// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest known name, without regard to case, if it is near enough to be meant; else empty.
std::string_view nearest(std::string_view written, std::span<const std::string_view> known);

// "; did you mean `x`?", or "; known: `a`, `b`" where nothing is near, or nothing at all when nothing is known.
std::string suggestion(std::string_view written, std::span<const std::string_view> known);

}  // namespace postern::conf
