// Issuers are compared byte for byte; what is nearly equal is the most frequent mistake of a configuration, and is
// named.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace postern::jose {

// That `got`, the value of that member, is none of `wanted`: "`iss` is "a/", needed is "a": only a final slash
// differs".
std::string issuer_mismatch(std::string_view member, const std::string& got, std::span<const std::string> wanted);

}  // namespace postern::jose
