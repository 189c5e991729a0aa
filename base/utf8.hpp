// UTF-8 (RFC 3629): well-formedness only, no normalisation.
#pragma once

#include <cstddef>
#include <string_view>

namespace postern {

// The length in bytes of the longest well-formed prefix of `text`.
std::size_t utf8_prefix(std::string_view text) noexcept;

// True when `text` is well-formed: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text) noexcept;

}  // namespace postern
