#include "conf/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "conf/scalars.hpp"
#include "conf/url.hpp"

namespace postern::conf {
namespace {

constexpr std::string_view listen_form = "must be an IP address with a port, such as `0.0.0.0:8080` or `[::]:8080`";
constexpr std::string_view cidr_form = "must be a network such as `10.0.0.0/8` or `fd00::/8`";

using Refused = tl::unexpected<std::string>;

// `host`, `host:port`, `[v6]`, `[v6]:port`; the port's text is empty where there is none.
struct Authority {
  std::string_view host;  // with its brackets
  std::string_view port;
  bool has_port = false;
};

Authority split_authority(std::string_view text) {
  std::size_t from = text.starts_with('[') ? std::min(text.find(']'), text.size()) : 0;
  std::size_t colon = text.find(':', from);
  if (colon == text.npos) return {text, {}, false};
  return {text.substr(0, colon), text.substr(colon + 1), true};
}

bool is_bracketed_ipv6(std::string_view text) {
  return text.size() > 2 && text.front() == '[' && text.back() == ']' && is_ipv6(text.substr(1, text.size() - 2));
}

std::string without_brackets(std::string_view host) {
  return std::string(host.starts_with('[') ? host.substr(1, host.size() - 2) : host);
}

// The bytes of an address; empty when it is none.
std::string_view address_bytes(const std::string& ip, std::array<unsigned char, 16>& bytes) {
  if (inet_pton(AF_INET, ip.c_str(), bytes.data()) == 1) return {reinterpret_cast<char*>(bytes.data()), 4};
  if (inet_pton(AF_INET6, ip.c_str(), bytes.data()) == 1) return {reinterpret_cast<char*>(bytes.data()), 16};
  return {};
}

// `::1` has many spellings.
bool is_same_ip(const std::string& a, const std::string& b) {
  std::array<unsigned char, 16> bytes_a{}, bytes_b{};
  return address_bytes(a, bytes_a) == address_bytes(b, bytes_b);
}

bool is_any_or_loopback(const std::string& ip) {
  return is_same_ip(ip, "::") || is_same_ip(ip, "0.0.0.0") || is_loopback_host(ip);
}

bool has_all_of(const std::string& wildcard, const std::string& ip) {
  if (is_same_ip(wildcard, "::")) return true;
  return is_same_ip(wildcard, "0.0.0.0") && is_ipv4(ip);
}

}  // namespace

bool overlap(const ListenAddress& a, const ListenAddress& b) {
  if (a.port != b.port || a.port == 0) return false;
  return is_same_ip(a.ip, b.ip) || has_all_of(a.ip, b.ip) || has_all_of(b.ip, a.ip);
}

bool reaches(const Endpoint& endpoint, const ListenAddress& listener) {
  if (endpoint.port != listener.port) return false;
  if (!is_ipv4(endpoint.host) && !is_ipv6(endpoint.host)) {
    return is_loopback_host(endpoint.host) && is_any_or_loopback(listener.ip);
  }
  return is_same_ip(endpoint.host, listener.ip) ||
         (is_loopback_host(endpoint.host) && has_all_of(listener.ip, endpoint.host));
}

bool is_ipv4(std::string_view text) {
  in_addr address{};
  return text.size() < INET_ADDRSTRLEN && inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return text.size() < INET6_ADDRSTRLEN && inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  if (text.find_first_not_of("0123456789.") == text.npos) return is_ipv4(text);
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t end = std::min(text.find('.', begin), text.size());
    std::string_view label = text.substr(begin, end - begin);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    bool fits = std::all_of(label.begin(), label.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!fits) return false;
    begin = end + 1;
  }
  return true;
}

bool is_host(std::string_view text) {
  return is_host_name(text) || is_bracketed_ipv6(text);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  auto port = parse_integer(text);
  if (!port || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

tl::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
  Authority authority = split_authority(text);
  bool is_ip = is_ipv4(authority.host) || is_bracketed_ipv6(authority.host);
  if (!is_ip && authority.host == "localhost")
    return Refused(std::string(listen_form) + "; for this machine alone: `127.0.0.1:PORT`");
  if (!is_ip || !authority.has_port) return Refused(std::string(listen_form));
  auto port = parse_port(authority.port);
  if (!port) return Refused("the port must be 0 to 65535");
  return ListenAddress{without_brackets(authority.host), *port};
}

tl::expected<Endpoint, std::string> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  if (text.starts_with("https://")) {
    endpoint.tls = true;
    endpoint.port = 443;
  } else if (!text.starts_with("http://")) {
    return Refused("must be a URL such as `http://127.0.0.1:9000` or `https://orders.example.com`");
  }
  text.remove_prefix(text.find("//") + 2);
  if (text.find('@') != text.npos)
    return Refused("must not hold a user or a password; `request_headers` can set Authorization");
  if (text.find_first_of("/?#") != text.npos) {
    return Refused("must end after host and port, without a path, not even `/`: the path is the request's");
  }
  Authority authority = split_authority(text);
  if (!is_host(authority.host)) return Refused("has no valid host; an IPv6 address stands in brackets");
  endpoint.host = without_brackets(authority.host);
  if (authority.has_port) {
    auto port = parse_port(authority.port);
    if (!port || *port == 0) return Refused("the port must be 1 to 65535");
    endpoint.port = *port;
  }
  return endpoint;
}

std::optional<std::string> judge_cidr(std::string_view text) {
  std::size_t slash = text.find('/');
  std::string ip(text.substr(0, slash));
  std::array<unsigned char, 16> bytes{};
  std::string_view address = address_bytes(ip, bytes);
  if (address.empty()) return std::string(cidr_form);
  std::size_t bits = address.size() * 8;
  if (slash == text.npos)
    return std::string(cidr_form) + "; one address alone: `" + ip + "/" + std::to_string(bits) + "`";
  auto prefix = parse_integer(text.substr(slash + 1));
  if (!prefix || *prefix > bits) return "the prefix length must be 0 to " + std::to_string(bits);
  for (std::size_t bit = *prefix; bit < bits; ++bit) {
    if (bytes[bit / 8] & (0x80 >> (bit % 8))) return "has bits set beyond its prefix length";
  }
  return std::nullopt;
}

}  // namespace postern::conf
