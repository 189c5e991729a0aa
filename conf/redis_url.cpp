#include "conf/redis_url.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/percent.hpp"
#include "conf/address.hpp"

namespace postern::conf {
namespace {

using Refused = tl::unexpected<std::string>;

tl::expected<void, std::string> take_user(std::string_view text, RedisUrl& url) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  auto user = decode_percent(text.substr(0, colon));
  auto password = decode_percent(text.substr(std::min(colon + 1, text.size())));
  if (!user || !password) return Refused("a `%` of its user or password is not followed by two hexadecimal digits");
  url.user = std::move(*user);
  url.password = Secret(std::move(*password));
  return {};
}

}  // namespace

tl::expected<RedisAddress, std::string> parse_redis_address(std::string_view text, std::uint16_t port) {
  const std::size_t colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
  const std::string_view host = text.substr(0, colon);
  if (host.empty()) return Refused("has no host");
  if (!is_host(host)) return Refused("has no valid host; an IPv6 address stands in brackets");
  RedisAddress address{lower(host.starts_with('[') ? host.substr(1, host.size() - 2) : host), port};
  if (colon == text.npos) return address;
  const auto given = parse_port(text.substr(colon + 1));
  if (!given || *given == 0) return Refused("the port must be 1 to 65535");
  address.port = *given;
  return address;
}

tl::expected<RedisUrl, std::string> parse_redis_url(std::string_view text) {
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!std::all_of(text.begin(), text.end(), is_visible)) {
    return Refused("must be printable ASCII without spaces; other characters are percent-encoded");
  }
  RedisUrl url;
  const std::string scheme = lower(text.substr(0, text.find("://")));
  url.tls = scheme == "rediss";
  if (scheme.size() == text.size() || (!url.tls && scheme != "redis")) {
    return Refused("must be a URL that begins with `redis://`, or `rediss://` for TLS");
  }
  text.remove_prefix(scheme.size() + 3);
  if (text.find_first_of("?#") != text.npos) return Refused("must not have a query (`?`) or a fragment (`#`)");
  const std::string_view authority = text.substr(0, text.find('/'));
  const std::size_t at = authority.rfind('@');
  if (at != authority.npos) {
    if (auto taken = take_user(authority.substr(0, at), url); !taken) return tl::unexpected(std::move(taken.error()));
  }
  auto address = parse_redis_address(authority.substr(at == authority.npos ? 0 : at + 1), url.port);
  if (!address) return tl::unexpected(std::move(address.error()));
  url.host = std::move(address->host);
  url.port = address->port;
  const std::string_view path = text.substr(authority.size());
  if (path.size() <= 1) return url;
  const auto database = parse_port(path.substr(1));
  if (!database) return Refused("what follows the `/` must be a database's number");
  url.database = *database;
  return url;
}

}  // namespace postern::conf
