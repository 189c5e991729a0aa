// The one canonical path that policy and upstream both see.
#pragma once

#include <memory_resource>
#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"

namespace postern::http {

struct CanonicalPath {
  std::string_view path;
  bool encoded_slash = false;  // it holds %2F or %5C
  bool parameters = false;     // it holds `;` or %3B
  bool delimiters = false;     // it holds the escape of another delimiter that may stand there as it is: %3A, %40, %2B
};

// Dot segments and empty segments are resolved (`//admin` -> `/admin`, `/public/../admin` -> `/admin`),
// percent-encoded unreserved characters are decoded and other escapes written in upper case (RFC 3986 section 6.2.2),
// each exactly once: `%252e` stays `%252e`. `;` is part of its segment. request_malformed: a way above the root, `%00`
// and other encoded controls, a `%` without two hex digits, escapes that are not UTF-8 (`%c0%ae`), `\`, `#`, raw bytes
// outside RFC 3986's path characters, and a dot segment that only some upstreams see (`/..;x/`, `/..%2F`). A path that
// is canonical already (the usual one) is not copied. `path` begins with a slash.
tl::expected<CanonicalPath, Refusal> canonical_path(std::string_view path, std::pmr::memory_resource& memory);

// A canonical path as an upstream reads it that takes what follows `;` in a segment for parameters and drops them
// (RFC 3986 section 3.3): `/admin;x/` is `/admin/`, `/;/admin` is `/admin`.
std::string_view without_parameters(std::string_view path, std::pmr::memory_resource& memory);

// A canonical path as an upstream reads it that decodes it: `/items%3Apurge` is `/items:purge`. What RFC 3986 lets stand in
// a path (section 3.3) is decoded, but for `;`; the two spellings are not the same by section 6.2.2.2, and nearly
// all upstreams take them for the same.
std::string_view with_delimiters(std::string_view path, std::pmr::memory_resource& memory);

}  // namespace postern::http
