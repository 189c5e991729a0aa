// base64url in steps of thirty-two characters, where the processor can.
#pragma once

#include <cstddef>
#include <string_view>

namespace postern {

// Decodes from the start of `text` into `out`, which has room for three bytes of each whole four characters. Gives the
// number of characters done: a multiple of four, short of the end, or of the first step that holds one outside the
// alphabet; 0 on a processor without AVX2. The rest is left for whoever judges text to its end.
std::size_t decode_base64url_steps(std::string_view text, char* out) noexcept;

}  // namespace postern
