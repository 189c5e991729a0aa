// The request target (RFC 9112 section 3.2) and the one canonical path that policy and upstream both see.
#pragma once

#include <memory_resource>
#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "gateway/http/head.hpp"

namespace postern::http {

// Fills authority, path, query, has_query, encoded_slash, path_parameters and path_delimiters from target and Host. Origin-form and
// absolute-form (whose authority must agree with Host) are accepted; `*` and authority-form are request_malformed.
//
// The path is canonical_path()'s.
//
// The query: visible ASCII but `#`, otherwise untouched; wider than RFC 3986, since browsers send `[`, `|` and `"` raw.
tl::expected<void, Refusal> judge_target(RequestHead& head, std::pmr::memory_resource& memory);

// `host[:port]` as RFC 9110 section 7.2 wants it: a name of letters, digits, `-`, `.` and `_`, an IPv4 or a bracketed
// IPv6 address; no user information, no percent-encoding, no empty port, at most 255 bytes of host.
bool is_authority(std::string_view text) noexcept;

// The host of an authority without its port; an IPv6 address keeps its brackets.
std::string_view host_of(std::string_view authority) noexcept;

}  // namespace postern::http
