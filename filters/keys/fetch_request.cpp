#include "filters/keys/fetch_request.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "conf/address.hpp"
#include "gateway/http/head.hpp"
#include "gateway/http/syntax.hpp"

namespace postern::keys {
namespace {

constexpr std::size_t longest_etag = 1024;  // what a server may make us send back

// The address that `host` is, when it is one.
std::optional<std::string> literal_address(const std::string& host) {
  if (conf::is_ipv4(host) || conf::is_ipv6(host)) return host;
  in_addr address{};
  if (inet_aton(host.c_str(), &address) == 0) return std::nullopt;
  std::array<char, INET_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET, &address, text.data(), text.size());
}

// Those that begin_head(), write_get() and write_post() decide themselves.
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 6> reserved = {"host",           "connection",        "accept-encoding",
                                                        "content-length", "transfer-encoding", "if-none-match"};
  return std::any_of(reserved.begin(), reserved.end(), [&](auto each) { return http::equals_folded(name, each); });
}

bool holds(const HeaderList& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return http::equals_folded(header.first, name); });
}

void add_line(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

// The request line, and what every request says.
std::string begin_head(std::string_view method, const conf::Url& url, bool absolute, const HeaderList& headers) {
  std::string head(method);
  head.append(" ").append(absolute ? url.to_text() : url.target).append(" HTTP/1.1\r\n");
  add_line(head, "Host", url.authority());
  if (!holds(headers, "Accept")) add_line(head, "Accept", "application/json");
  if (!holds(headers, "User-Agent")) add_line(head, "User-Agent", "postern");
  add_line(head, "Accept-Encoding", "gzip");
  add_line(head, "Connection", "close");
  return head;
}

std::string host_and_port(const conf::Url& url) {
  const bool is_ipv6 = url.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

}  // namespace

std::optional<std::string> refuse_url(const conf::Url& url, const FetchOptions& options) {
  if (!url.tls && !options.allow_http && !conf::is_loopback_host(url.host)) {
    return "http:// is refused to anything but loopback unless `allow_http` is set: " + url.authority();
  }
  const auto address = literal_address(url.host);
  return address ? refuse_address(*address, options.allow_link_local) : std::nullopt;
}

std::optional<std::string> refuse_resolved(std::string_view address, bool must_be_loopback,
                                           const FetchOptions& options) {
  if (must_be_loopback && !conf::is_loopback_host(address)) {
    return std::string(address) + " is not loopback, and http:// is refused elsewhere unless `allow_http` is set";
  }
  return refuse_address(address, options.allow_link_local);
}

bool same_origin(const conf::Url& a, const conf::Url& b) noexcept {
  return a.tls == b.tls && a.port == b.port && a.host == b.host;
}

std::optional<std::string> refuse_headers(const HeaderList& headers) {
  for (const auto& [name, value] : headers) {
    if (!http::is_field_name(name)) return "a configured header has no valid name";
    if (!http::is_field_value(value)) return "the value of the header " + name + " holds a control character";
  }
  return std::nullopt;
}

std::string write_get(const conf::Url& url, bool absolute, const std::string& etag, const HeaderList& headers) {
  std::string head = begin_head("GET", url, absolute, headers);
  if (!etag.empty() && etag.size() <= longest_etag && http::is_field_value(etag)) add_line(head, "If-None-Match", etag);
  for (const auto& [name, value] : headers) {
    if (!is_reserved(name)) add_line(head, name, value);
  }
  return head += "\r\n";
}

std::string write_post(const conf::Url& url, bool absolute, std::size_t body_size, const HeaderList& headers) {
  std::string head = begin_head("POST", url, absolute, headers);
  add_line(head, "Content-Type", "application/json");
  add_line(head, "Content-Length", std::to_string(body_size));
  for (const auto& [name, value] : headers) {
    if (!is_reserved(name) && !http::equals_folded(name, "Content-Type")) add_line(head, name, value);
  }
  return head += "\r\n";
}

std::string write_connect(const conf::Url& url) {
  const std::string target = host_and_port(url);
  return "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\nUser-Agent: postern\r\n\r\n";
}

}  // namespace postern::keys
