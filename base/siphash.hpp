// SipHash-1-3: a hash whose key attackers do not know, so they cannot aim at one bucket of a table.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace postern {

using SipKey = std::array<std::uint64_t, 2>;

// From the system's random numbers.
SipKey random_sip_key();

// Aumasson and Bernstein's SipHash with one round for each word and three at the end, 64 bits.
std::uint64_t siphash13(const SipKey& key, std::string_view bytes) noexcept;

}  // namespace postern
