#include "filters/keys/proxy.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstring>

#include "conf/address.hpp"
#include "gateway/cidr.hpp"
#include "gateway/http/syntax.hpp"

namespace postern::keys {
namespace {

namespace ip = boost::asio::ip;
using Chosen = tl::expected<std::optional<conf::Url>, std::string>;

std::optional<ip::address> parse_address(std::string_view text) {
  boost::system::error_code error;
  const ip::address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return address;
}

// ---- NO_PROXY

// Cuts `:port` off an entry; false when the port is there and another, or none.
bool take_port(std::string_view& entry, std::uint16_t port) {
  const std::size_t from = entry.starts_with('[') ? std::min(entry.find(']'), entry.size()) : 0;
  const std::size_t colon = entry.find(':', from);
  // An IPv6 address without brackets has several colons and cannot have a port.
  if (colon == entry.npos || entry.find(':', colon + 1) != entry.npos) return true;
  const auto given = conf::parse_port(entry.substr(colon + 1));
  entry = entry.substr(0, colon);
  return given == port;
}

bool matches_name(std::string_view entry, std::string_view host) {
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.ends_with('.')) entry.remove_suffix(1);
  if (entry.empty()) return false;
  const std::string name = lower(entry);
  if (!host.ends_with(name)) return false;
  return host.size() == name.size() || host[host.size() - name.size() - 1] == '.';
}

bool matches(std::string_view entry, const conf::Url& url, const std::optional<ip::address>& address) {
  if (entry == "*") return true;
  if (!take_port(entry, url.port)) return false;
  if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
  if (!address) return matches_name(entry, url.host);
  CidrSet block;
  return block.add(std::string(entry)) && block.holds(*address);
}

bool is_excepted(const conf::Url& url, std::string_view no_proxy) {
  const auto address = parse_address(url.host);
  bool excepted = false;
  while (!no_proxy.empty() && !excepted) {
    const std::size_t end = std::min(no_proxy.find_first_of(", \t"), no_proxy.size());
    if (end != 0) excepted = matches(no_proxy.substr(0, end), url, address);
    no_proxy.remove_prefix(std::min(end + 1, no_proxy.size()));
  }
  return excepted;
}

// ---- the proxy itself

Chosen parse_proxy(std::string_view name, const std::string& text) {
  const auto refuse = [&](std::string_view why) { return tl::unexpected(std::string(name).append(": ").append(why)); };
  auto proxy = conf::parse_url(text);
  if (!proxy) return refuse(proxy.error());
  if (proxy->tls) return refuse("must be an http:// URL; TLS to the provider goes through it");
  if (proxy->target != "/") return refuse("must end after host and port, without a path");
  return std::optional<conf::Url>(std::move(*proxy));
}

// ---- addresses

// The IPv4 address that a packet to an IPv6 one ends at: mapped (RFC 4291 section 2.5.5.2) or behind the well-known
// prefix of NAT64, 64:ff9b::/96 (RFC 6052 section 2.1).
ip::address unwrap(const ip::address& address) {
  if (address.is_v4()) return address;
  constexpr ip::address_v6::bytes_type mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  constexpr ip::address_v6::bytes_type nat64{0, 0x64, 0xFF, 0x9B};
  const auto bytes = address.to_v6().to_bytes();
  for (const auto& prefix : {mapped, nat64}) {
    if (!std::equal(bytes.begin(), bytes.begin() + 12, prefix.begin())) continue;
    return ip::address_v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  }
  return address;
}

bool is_link_local(const ip::address& address) {
  if (address.is_v4()) return address.to_v4().to_uint() >> 16 == 0xA9FE;
  return address.to_v6().is_link_local();
}

// Where AWS (EC2, EKS Pod Identity), Google Cloud, Oracle Cloud and Scaleway serve over IPv6 what is at 169.254.* over
// IPv4, and what Alibaba Cloud, Azure and Oracle Cloud serve elsewhere.
bool is_metadata_service(const ip::address& address) {
  static const ip::address services[] = {ip::make_address("fd00:ec2::254"),   ip::make_address("fd00:ec2::23"),
                                         ip::make_address("fd20:ce::254"),    ip::make_address("fd00:c1::a9fe:a9fe"),
                                         ip::make_address("100.100.100.200"), ip::make_address("168.63.129.16"),
                                         ip::make_address("192.0.0.192"),     ip::make_address("fd00:42::42")};
  return std::find(std::begin(services), std::end(services), address) != std::end(services);
}

}  // namespace

Chosen choose_proxy(const conf::Url& url, const ProxySettings& settings) {
  if (settings.configured == "none") return std::nullopt;
  // http is for loopback because it does not leave the machine: through a proxy it would.
  if (!url.tls && conf::is_loopback_host(url.host)) return std::nullopt;
  if (!settings.configured.empty()) return parse_proxy("proxy", settings.configured);
  const std::string& variable = url.tls ? settings.https_proxy : settings.http_proxy;
  if (variable.empty() || conf::is_loopback_host(url.host) || is_excepted(url, settings.no_proxy)) return std::nullopt;
  const bool has_scheme = variable.find("://") != variable.npos;
  return parse_proxy(url.tls ? "HTTPS_PROXY" : "HTTP_PROXY", has_scheme ? variable : "http://" + variable);
}

std::optional<std::string> refuse_address(std::string_view ip, bool allow_link_local) {
  // The zone says by which interface, not to what.
  const auto parsed = parse_address(ip.substr(0, ip.find('%')));
  if (!parsed) return std::string("is no IP address");
  const ip::address address = unwrap(*parsed);
  const auto refuse = [&](std::string_view why) { return std::string(ip).append(why); };
  if (address.is_unspecified()) return refuse(" is no address to connect to");
  if (address.is_multicast()) return refuse(" is a multicast address");
  if (allow_link_local) return std::nullopt;
  if (is_link_local(address)) return refuse(" is link-local, where clouds serve credentials");
  if (is_metadata_service(address)) return refuse(" is where a cloud serves credentials");
  return std::nullopt;
}

}  // namespace postern::keys
