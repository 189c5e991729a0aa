#include "conf/url.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "conf/address.hpp"

namespace postern::conf {
namespace {

using Refused = tl::unexpected<std::string>;

// Cuts `http://` or `https://`, without case, off `text`.
bool take_scheme(std::string_view& text, bool& tls) {
  const std::string scheme = lower(text.substr(0, 8));
  tls = scheme == "https://";
  if (!tls && !scheme.starts_with("http://")) return false;
  text.remove_prefix(tls ? 8 : 7);
  return true;
}

tl::expected<void, std::string> take_authority(std::string_view authority, Url& url) {
  if (authority.find('@') != authority.npos)
    return Refused("must not hold a user or a password; they would end up in logs");
  const std::size_t from = authority.starts_with('[') ? std::min(authority.find(']'), authority.size()) : 0;
  const std::size_t colon = authority.find(':', from);
  const std::string_view host = authority.substr(0, colon);
  if (host.empty()) return Refused("has no host");
  if (!is_host(host)) return Refused("has no valid host; an IPv6 address stands in brackets");
  url.host = lower(host.starts_with('[') ? host.substr(1, host.size() - 2) : host);
  url.port = url.tls ? 443 : 80;
  if (colon == authority.npos) return {};
  const auto port = parse_port(authority.substr(colon + 1));
  if (!port || *port == 0) return Refused("the port must be 1 to 65535");
  url.port = *port;
  return {};
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// RFC 3986 section 5.2.4, for a path that begins with a slash.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool is_last = end == path.size();
    if (segment == "/..") out.resize(out.empty() ? 0 : out.rfind('/'));
    if (segment != "/." && segment != "/..") {
      out += segment;
    } else if (is_last) {
      out += '/';
    }
    path.remove_prefix(end);
  }
  return out;
}

// What `location` says in the place of base's own: everything but scheme and authority.
std::string resolve_target(std::string_view base, std::string_view location) {
  std::string target;
  if (location.starts_with('?')) {
    target = path_of(base);
  } else if (!location.starts_with('/')) {
    const std::string_view path = path_of(base);
    target = path.substr(0, path.rfind('/') + 1);
  }
  return target.append(location);
}

}  // namespace

std::string Url::authority() const {
  std::string out = host.find(':') == host.npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) out.append(":").append(std::to_string(port));
  return out;
}

std::string Url::to_text() const {
  return scheme() + "://" + authority() + target;
}

tl::expected<Url, std::string> parse_url(std::string_view text) {
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::all_of(text.begin(), text.end(), is_visible))
    return Refused("must be printable ASCII without spaces; other characters are percent-encoded");
  Url url;
  if (!take_scheme(text, url.tls)) return Refused("must be a URL that begins with `https://` or `http://`");
  if (text.find('#') != text.npos) return Refused("must not have a fragment (`#`)");
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  if (auto taken = take_authority(text.substr(0, end), url); !taken) return tl::unexpected(std::move(taken.error()));
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  return url;
}

tl::expected<Url, std::string> resolve_url(const Url& base, std::string_view location) {
  if (location.empty()) return Refused("must not be empty");
  // A colon before the path ends a scheme: what parse_url() does not know is not a relative reference either.
  const bool is_absolute = location.substr(0, location.find_first_of("/?#")).find(':') != location.npos;
  std::string text;
  if (is_absolute) {
    text = location;
  } else if (location.starts_with("//")) {
    text = base.scheme().append(":").append(location);
  } else {
    text = base.scheme() + "://" + base.authority() + resolve_target(base.target, location);
  }
  auto url = parse_url(text);
  if (!url) return url;
  const std::string_view path = path_of(url->target);
  url->target = without_dot_segments(path) + url->target.substr(path.size());
  return url;
}

bool is_loopback_host(std::string_view host) {
  if (is_ipv4(host)) return host.starts_with("127.");
  if (is_ipv6(host)) {
    in6_addr address{};
    return inet_pton(AF_INET6, std::string(host).c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
  }
  const std::string name = lower(host);
  return name == "localhost" || name.ends_with(".localhost");
}

}  // namespace postern::conf
