#include "gateway/http/target.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>

#include "gateway/http/canonical_path.hpp"
#include "gateway/http/syntax.hpp"
#include "gateway/http/words.hpp"

namespace postern::http {
namespace {

constexpr CharSet name_chars("-._");
constexpr std::size_t max_host_bytes = 255;

tl::unexpected<Refusal> refuse(const char* why) {
  return tl::unexpected(Refusal(Reason::request_malformed, why));
}

bool is_query(std::string_view query) noexcept {
  const char* const end = query.data() + query.size();
  return skip_plain(query.data(), end, '!') == end && query.find('#') == std::string_view::npos;
}

// The port as written, empty when there is none.
std::string_view port_of(std::string_view authority) noexcept {
  const std::string_view host = host_of(authority);
  return host.size() == authority.size() ? std::string_view{} : authority.substr(host.size() + 1);
}

// Whether two authorities mean the same place under a scheme; a default port need not be written.
bool agree(std::string_view a, std::string_view b, std::string_view default_port) noexcept {
  const auto port = [&](std::string_view authority) {
    const std::string_view written = port_of(authority);
    return written.empty() ? default_port : written;
  };
  return equals_folded(host_of(a), host_of(b)) && port(a) == port(b);
}

// Splits an absolute-form target (RFC 9112 section 3.2.2): sets the authority and returns what follows it.
tl::expected<std::string_view, Refusal> split_absolute(RequestHead& head) {
  constexpr std::string_view http = "http://", https = "https://";
  const std::string_view target = head.target;
  const bool secure = equals_folded(target.substr(0, https.size()), https);
  if (!secure && !equals_folded(target.substr(0, http.size()), http)) return refuse("a target of an unknown form");
  const std::string_view rest = target.substr(secure ? https.size() : http.size());
  const std::size_t end = rest.find_first_of("/?#");
  const std::string_view authority = rest.substr(0, end);
  if (!is_authority(authority)) return refuse("the target's authority is not one");
  if (head.authority.empty()) {
    head.authority = authority;
  } else if (!agree(authority, head.authority, secure ? "443" : "80")) {
    return refuse("the target's authority is not the Host");
  }
  return end == std::string_view::npos ? std::string_view{} : rest.substr(end);
}

}  // namespace

tl::expected<void, Refusal> judge_target(RequestHead& head, std::pmr::memory_resource& memory) {
  const Field* const host = head.fields.find(KnownField::host);
  head.authority = host == nullptr ? std::string_view{} : host->value;
  std::string_view rest = head.target;
  if (!rest.starts_with('/')) {
    auto behind = split_absolute(head);
    if (!behind) return tl::unexpected(std::move(behind.error()));
    rest = *behind;
  }
  const std::size_t question = rest.find('?');
  head.has_query = question != std::string_view::npos;
  head.query = head.has_query ? rest.substr(question + 1) : std::string_view{};
  if (!is_query(head.query)) return refuse("a byte in the query that no query may hold");
  rest = rest.substr(0, question);
  auto canonical = canonical_path(rest.empty() ? "/" : rest, memory);
  if (!canonical) return tl::unexpected(std::move(canonical.error()));
  head.path = canonical->path;
  head.encoded_slash = canonical->encoded_slash;
  head.path_parameters = canonical->parameters;
  head.path_delimiters = canonical->delimiters;
  return {};
}

std::string_view host_of(std::string_view authority) noexcept {
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    return bracket == std::string_view::npos ? authority : authority.substr(0, bracket + 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool is_authority(std::string_view text) noexcept {
  const std::string_view host = host_of(text);
  if (host.empty() || host.size() > max_host_bytes) return false;
  if (host.size() != text.size()) {
    if (text[host.size()] != ':') return false;
    const std::string_view port = text.substr(host.size() + 1);
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size()) return false;
  }
  if (host.front() != '[') return name_chars.holds_all(host);
  std::array<char, INET6_ADDRSTRLEN> address{};
  if (host.back() != ']' || host.size() - 2 >= address.size()) return false;
  std::memcpy(address.data(), host.data() + 1, host.size() - 2);
  in6_addr parsed;
  return inet_pton(AF_INET6, address.data(), &parsed) == 1;
}

}  // namespace postern::http
