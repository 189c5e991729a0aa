// OpenSSL's digests, key derivation, authenticated encryption and random numbers, as far as they are not about JOSE.
//
// Where no other ending is stated a function throws std::runtime_error when OpenSSL itself fails (no memory, no random
// numbers, no such algorithm in the loaded providers), and std::length_error for a size that its caller must not give.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace postern {

using Sha256 = std::array<std::uint8_t, 32>;

// FIPS 180-4.
Sha256 sha256(std::string_view bytes);
inline std::string_view bytes_of(const Sha256& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// RFC 5869's HKDF with SHA-256, extract and expand: `size` bytes, 1 to 255 * 32.
Secret hkdf_sha256(const Secret& key, std::string_view salt, std::string_view info, std::size_t size);

inline constexpr std::size_t aes_256_key_bytes = 32;
inline constexpr std::size_t gcm_nonce_bytes = 12;
inline constexpr std::size_t gcm_tag_bytes = 16;

// AES-256-GCM (NIST SP 800-38D): the encrypted text, followed by its tag. `key` and `nonce` have exactly the sizes
// above; a nonce is never used twice under one key. `associated` is authenticated and not kept.
std::string seal_aes_256_gcm(const Secret& key, std::string_view nonce, std::string_view text,
                             std::string_view associated);

// What was sealed, or nothing when any of key, nonce, sealed bytes and associated data is not what it was sealed with.
std::optional<Secret> open_aes_256_gcm(const Secret& key, std::string_view nonce, std::string_view sealed,
                                       std::string_view associated);

// Takes the same time wherever they differ; texts of different sizes are told apart at once.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

// From the system's random numbers.
void fill_random(void* bytes, std::size_t size);
// What takes its random bytes as an argument, so that tests can say which.
using FillRandom = void (*)(void* bytes, std::size_t size);

}  // namespace postern
