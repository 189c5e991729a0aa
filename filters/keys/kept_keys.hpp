// The last good key set of a source, kept in a file for a start without the provider.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::keys {

// What a program does with these files. One that judges once leaves them to the gateway: it may be another user's, and
// its files not be the gateway's to replace.
enum class KeptFiles : std::uint8_t { read_and_written, only_read };

struct KeptKeys {
  std::string source;     // what kept_source() gives: must agree when it is read
  std::string jwks_uri;   // where the document came from
  double fetched_at = 0;  // Unix seconds
  std::string document;   // the JWKS as received
};

// Of a whole file; larger ones are neither written nor read.
inline constexpr std::size_t kept_file_limit = 2 << 20;

// What the keys of a source are kept as: `document`, which says what is fetched and for which issuers, and the SHA-256
// of its whole `identity`. How it is fetched decides whose keys come, and may be a credential, which no file shows.
std::string kept_source(const std::string& document, std::string_view identity);

// The file's name for a source: the hexadecimal SHA-256 of it, and `.json`.
std::string kept_file_name(std::string_view source);

// Writes a new file beside the old one, flushes it and renames it over the old one, so that a crash leaves one of the
// two; rights 0600, the folder (not its parents) is made with 0700 when it is missing. No symbolic link is followed, at
// neither name. What a crash left beside it an hour ago or earlier is removed. Waits for the disk. The error is a
// sentence with the path.
std::optional<std::string> keep_keys(const std::string& folder, const KeptKeys& keys);

// Reads it back. Nothing without an error when there is no file. An error, a sentence with the path: unreadable, no
// regular file, of another owner than this user or root, writable by everybody, above the limit, no such document, of
// another source, a `fetched_at` below 0 or in the future (more than 60 s after `now`).
tl::expected<std::optional<KeptKeys>, std::string> read_kept_keys(const std::string& folder, std::string_view source,
                                                                  double now);

}  // namespace postern::keys
