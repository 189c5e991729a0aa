// Decompression of what a server sends. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::keys {

// The content of a gzip file (RFC 1952), of several members too. Refuses, with a sentence: what is broken, incomplete
// or followed by something else, and more than `limit` bytes of content.
tl::expected<std::string, std::string> gunzip(std::string_view compressed, std::size_t limit);

}  // namespace postern::keys
