// The one canonical path that policy and upstream both see.
#pragma once

#include <memory_resource>
#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"

namespace postern::http {

// Dot segments and empty segments are resolved (`//admin` -> `/admin`, `/public/../admin` -> `/admin`),
// percent-encoded unreserved characters are decoded and other escapes written in upper case (RFC 3986 section 6.2.2),
// each exactly once: `%252e` stays `%252e`. `;` is part of its segment. request_malformed: a way above the root, `%00`
// and other encoded controls, a `%` without two hex digits, escapes that are not UTF-8 (`%c0%ae`), `\`, `#`, raw bytes
// outside RFC 3986's path characters, and a dot segment that only some upstreams see (`/..;x/`, `/..%2F`). A path that
// is canonical already (the usual one) is not copied. `path` begins with a slash; `encoded_slash` tells of %2F or %5C.
tl::expected<std::string_view, Refusal> canonical_path(std::string_view path, bool& encoded_slash,
                                                       std::pmr::memory_resource& memory);

}  // namespace postern::http
