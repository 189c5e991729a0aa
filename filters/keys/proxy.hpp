// Which HTTP proxy leads to a URL, and which addresses none may lead to. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "conf/url.hpp"

namespace postern::keys {

// As configured and as the environment has it; the lower-case twins of the variables are read by the caller.
struct ProxySettings {
  std::string configured;   // a URL, `none`, or empty: by the environment
  std::string https_proxy;  // for https URLs
  std::string http_proxy;   // for http URLs
  std::string no_proxy;     // `example.com,.internal,10.0.0.0/8,[::1],host:8080` or `*`
};

// Nothing: directly. `configured` wins over everything. NO_PROXY as curl reads it: a name matches itself and every name
// below it, with or without a leading dot (or `*.`), without case; an IP address itself; a CIDR block the addresses in
// it; `:port` limits an entry to that port; `*` is everything. Loopback hosts are never reached by the environment's
// proxy. The environment may leave `http://` away. An error says what is wrong with the proxy's URL and never repeats
// it (only http:// proxies without user information exist here).
tl::expected<std::optional<conf::Url>, std::string> choose_proxy(const conf::Url& url, const ProxySettings& settings);

// Why this address may not be connected to. Unless allowed, link-local (169.254.0.0/16, fe80::/10), where clouds serve
// credentials to whoever asks, and the same services' IPv6 addresses elsewhere (fd00:ec2::254, fd20:ce::254); always
// the unspecified address, multicast and what is no address at all. An IPv4 address inside of an IPv6 one (mapped, or
// for NAT64, RFC 6052) is judged as itself. Nothing when it may.
std::optional<std::string> refuse_address(std::string_view ip, bool allow_link_local);

}  // namespace postern::keys
