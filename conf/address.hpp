// Addresses as the configuration writes them: where to listen, where to connect, whom to trust.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::conf {

// Where to listen: an IP address (without brackets) and a port; port 0: the kernel chooses.
struct ListenAddress {
  std::string ip;
  std::uint16_t port = 0;
  bool operator==(const ListenAddress&) const = default;
};

// Where an upstream is: a name, IPv4 or IPv6 (without brackets) and a port.
struct Endpoint {
  bool tls = false;
  std::string host;
  std::uint16_t port = 80;
  bool operator==(const Endpoint&) const = default;
};

// `0.0.0.0:8080`, `[::]:8080`. A name, and a port alone, are refused: an operator says which interfaces are open.
tl::expected<ListenAddress, std::string> parse_listen_address(std::string_view text);

// Whether one connection could reach either of the two: one port, and one address or a wildcard that has the other's;
// `[::]` has IPv4 as well. Port 0 is never the same.
bool overlap(const ListenAddress& a, const ListenAddress& b);

// Whether a connection to that endpoint, made on this machine, would surely reach the listener: the address is its own,
// or loopback and the listener's is a wildcard. Of names only `localhost` is known.
bool reaches(const Endpoint& endpoint, const ListenAddress& listener);

// `http://host[:port]` or `https://host[:port]`; the port is 80 or 443 unless given, and not 0. A path (even `/`), a
// query and user information are refused. No error repeats the text, which may hold a password.
tl::expected<Endpoint, std::string> parse_endpoint(std::string_view text);

// Nothing when `text` is `address/bits` with no bits set beyond the prefix; else what is wrong.
std::optional<std::string> judge_cidr(std::string_view text);

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);  // without brackets and zone

// A DNS name (letters, digits, `-`, `_`, `.`), 1-253 bytes, its labels 1-63; also an IPv4 address.
bool is_host_name(std::string_view text);

// A host name, an IPv4 address or a bracketed IPv6 address.
bool is_host(std::string_view text);

// Decimal digits up to 65535.
std::optional<std::uint16_t> parse_port(std::string_view text);

}  // namespace postern::conf
