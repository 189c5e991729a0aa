// Where Redis servers are. URLs: `redis://[user[:password]@]host[:port][/database]`, `rediss://` for TLS, after the
// schemes' registrations at IANA.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/secret.hpp"

namespace postern::conf {

struct RedisUrl {
  bool tls = false;
  std::string host;  // a name, IPv4, or IPv6 without brackets; lower case
  std::uint16_t port = 6379;
  std::string user;  // empty: Redis' `default`
  Secret password;   // empty: none is sent
  std::uint32_t database = 0;
  bool operator==(const RedisUrl&) const = default;
};

// A name, IPv4, or IPv6 without brackets, and a port.
struct RedisAddress {
  std::string host;
  std::uint16_t port = 6379;
  bool operator==(const RedisAddress&) const = default;
};

// `host` or `host:port`, an IPv6 address in brackets; `port` where it has none. Refuses what is no host, and port 0.
tl::expected<RedisAddress, std::string> parse_redis_address(std::string_view text, std::uint16_t port);

// User and password are percent-decoded. Refuses: another scheme, no host, port 0, a path that is no number up to
// 65535, a query, a fragment, white space, control characters and bytes above 0x7E. No error repeats the text, which
// may hold a password.
tl::expected<RedisUrl, std::string> parse_redis_url(std::string_view text);

}  // namespace postern::conf
