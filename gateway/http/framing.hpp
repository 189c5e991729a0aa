// The framing policy (RFC 9112 section 6): how long a body is, judged before a byte is forwarded. One doubt: refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "gateway/http/head.hpp"

namespace postern::http {

enum class BodyKind : std::uint8_t { none, fixed, chunked, until_close };

struct Framing {
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0;       // of a fixed body, in bytes; 0 for `Content-Length: 0`
  bool keep_alive = true;         // what the peer's version and Connection say; false when a body ends by close
  bool expects_continue = false;  // requests: an HTTP/1.1 client waits for 100 before it sends its body
  std::string_view upgrade;       // the Upgrade value when Connection names it; empty for h2c and beside a body
};

// How many options all Connection fields of a head may list. Each may name a field, and is compared with every one.
inline constexpr std::size_t max_connection_options = 16;

// Content-Length (RFC 9110 section 8.6): digits only, 64 bits.
std::optional<std::uint64_t> parse_content_length(std::string_view value) noexcept;

// Refuses request_malformed: Content-Length with Transfer-Encoding, either twice, a list, anything but exactly
// `chunked` (without case), Transfer-Encoding in HTTP/1.0, Host missing (HTTP/1.1), twice or not an authority,
// `Connection` naming Host, Content-Length, Transfer-Encoding, Authorization or what is no token, or with more options
// than max_connection_options, folded twins such as `Content_Length`; encoding_not_implemented: a registered transfer
// coding before chunked (`gzip, chunked`); expectation_failed: another Expect.
tl::expected<Framing, Refusal> judge_request(const RequestHead& head);

// What no route can allow. Refuses method_not_allowed: TRACE, which sends credentials back (RFC 9110 section 9.3.8);
// method_not_implemented: CONNECT, and a known method in other letters (`get`), since methods are told apart by case
// (section 9.1), and an origin that does not would serve what the route of `GET` guards.
std::optional<Refusal> judge_method(const RequestHead& head);

// The framing of a response to `request_method`, judged likewise: no body for HEAD, 1xx, 204, 304; until_close without
// any length. A 204 that announces a body is not kept alive: what follows could be that body. Refuses
// upstream_malformed: both or repeated framing fields, even when they agree, anything but exactly `chunked`,
// Transfer-Encoding in HTTP/1.0, a `Connection` as above.
tl::expected<Framing, Refusal> judge_response(const ResponseHead& head, Method request_method);

// True when the comma-separated list has `token` (without case): `Connection: keep-alive, X`.
bool list_has(std::string_view list, std::string_view token) noexcept;

}  // namespace postern::http
