// Absolute http and https URLs (RFC 9110 section 4.2), as far as a client needs them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::conf {

struct Url {
  bool tls = false;
  std::string host;  // a name, IPv4, or IPv6 without brackets; lower case
  std::uint16_t port = 80;
  std::string target;  // path and query, `/` at least
  bool operator==(const Url&) const = default;

  std::string scheme() const { return tls ? "https" : "http"; }
  std::string authority() const;  // `host` or `host:port` when the port is not the scheme's, IPv6 in brackets
  std::string to_text() const;
};

// Refuses: another scheme, no host, user information, a fragment, white space, control characters and bytes above 0x7E,
// port 0. No error repeats the text, which may hold a password.
tl::expected<Url, std::string> parse_url(std::string_view text);

// The URL that a redirect from `base` leads to (RFC 3986 section 5): absolute, `//host/path`, `/path`, or relative to
// base's path. Refused like parse_url().
tl::expected<Url, std::string> resolve_url(const Url& base, std::string_view location);

// `127.0.0.0/8`, `::1`, `localhost` and names below `.localhost`.
bool is_loopback_host(std::string_view host);

}  // namespace postern::conf
