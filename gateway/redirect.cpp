#include "gateway/redirect.hpp"

#include <string_view>

#include "gateway/http/target.hpp"

namespace postern {
namespace {

constexpr std::uint16_t default_https_port = 443;

}  // namespace

std::string redirect_target(const conf::Redirect& redirect, const http::RequestHead& request) {
  constexpr std::string_view path = "{path}";
  constexpr std::string_view query = "{query}";
  std::string target;
  // In one pass from the left: what is put in is never looked at again.
  for (std::string_view rest = redirect.to; !rest.empty();) {
    if (rest.starts_with(path)) {
      target += request.path;
      rest.remove_prefix(path.size());
    } else if (rest.starts_with(query)) {
      if (request.has_query) target.append("?").append(request.query);
      rest.remove_prefix(query.size());
    } else {
      target += rest.front();
      rest.remove_prefix(1);
    }
  }
  return target;
}

std::uint16_t https_port_of(const conf::Listener& listener) noexcept {
  return listener.redirect_to_https ? static_cast<std::uint16_t>(listener.https_port.value_or(default_https_port)) : 0;
}

tl::expected<std::string, Refusal> https_location(const http::RequestHead& request, std::uint16_t port) {
  if (request.authority.empty()) return tl::unexpected(Refusal(Reason::request_malformed, "no Host to redirect to"));
  std::string location("https://");
  location += http::host_of(request.authority);
  if (port != default_https_port) location.append(":").append(std::to_string(port));
  location += request.path;
  if (request.has_query) location.append("?").append(request.query);
  return location;
}

}  // namespace postern
