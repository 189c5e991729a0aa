// An HTTP/1.1 GET of one document over HTTPS (or HTTP where that is allowed), with a deadline for each phase and bounds
// on everything that the other side may choose.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "conf/url.hpp"
#include "filters/keys/proxy.hpp"
#include "gateway/tls.hpp"

namespace postern::keys {

// Where a fetch stands, and where it failed. The text of each is a metric label and a line of `providers check`.
enum class Phase : std::uint8_t { dns, connect, proxy, tls, request, response, redirect, body };
std::string_view name_of(Phase phase) noexcept;

struct FetchOptions {
  std::shared_ptr<const ClientTls> tls;
  // Sent to the first URL's origin only. They replace Accept and User-Agent; Host, Connection, Content-Length,
  // Transfer-Encoding, Accept-Encoding and If-None-Match among them are left out.
  std::vector<std::pair<std::string, std::string>> headers;
  ProxySettings proxy;
  std::chrono::milliseconds timeout{5'000};  // for each phase; the whole fetch has four times of it
  std::size_t body_limit = 1 << 20;          // bytes, before and after decompression
  unsigned redirect_limit = 3;               // same scheme only, and never from https to http
  bool allow_http = false;                   // http:// elsewhere than to loopback
  bool allow_link_local = false;
};

// A document, or that it did not change.
struct Fetched {
  unsigned status = 200;  // 200 or 304
  std::string body;
  std::string etag;           // with a 304 that names none: the one that was asked for
  std::string cache_control;  // all fields of that name as one list
  std::string expires, date, age;
  std::string content_type;
  std::string url;  // after redirects
};

struct FetchFailure {
  Phase phase = Phase::dns;
  bool timed_out = false;
  unsigned status = 0;  // of a response that was neither 200 nor 304 (nor a redirect that was followed)
  std::string detail;   // a sentence for the log, without header values and credentials
};

// What `providers check` prints while a fetch goes on: `observe("dns", "id.example.com is 192.0.2.7")`. The steps of a
// fetch are named by name_of(Phase).
using Observe = std::function<void(std::string_view step, const std::string& what)>;

// Gets `url`; sends If-None-Match with `etag` when it is not empty. Accept-Encoding: gzip, and decodes it. Every
// address that a name resolves to is tried in turn, up to eight, with an equal part of the time; each is judged by
// refuse_address() after resolving, at every redirect again (a proxy resolves by itself: then only literal addresses
// are judged, and the proxy's own). 200 and 304 (to an etag) are success, everything else fails: also a response that
// is not HTTP/1.1 to the letter, a head above 16 KiB, a body that ends early (over TLS: without close_notify where it
// has no length). The arguments must live until the end; `observe` may be empty. When the coroutine's
// io_context goes away first, the coroutine goes with it and gives no result.
Task<tl::expected<Fetched, FetchFailure>> fetch(const conf::Url& url, const std::string& etag,
                                                const FetchOptions& options, const Observe& observe);

}  // namespace postern::keys
