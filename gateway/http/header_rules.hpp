// The header rules, all of them: what is removed on the way to an upstream, what is set, and the same on the way back.
// Pure: values in, bytes out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/http/framing.hpp"
#include "gateway/http/head.hpp"

namespace postern::http {

// Names folded by fold_name(): some origins merge `X-User`, `X_User` and `x.user` into one value.
class HeaderNameSet {
 public:
  void add(std::string_view name);
  bool holds(std::string_view name) const noexcept { return (lengths_ & length_bit(name.size())) != 0 && find(name); }
  bool empty() const noexcept { return names_.empty(); }

 private:
  static constexpr std::size_t longest_length_bit = 63;
  static std::uint64_t length_bit(std::size_t length) noexcept {
    return std::uint64_t{1} << std::min(length, longest_length_bit);
  }
  bool find(std::string_view name) const noexcept;

  std::uint64_t lengths_ = 0;       // bit n: a name of n bytes is in the set (63: or longer)
  std::vector<std::string> names_;  // folded, sorted
};

// A route's own operations, checked at load, applied in the order remove, set, add. Names that frame a message or
// belong to one hop are left alone, and so is a name that a filter injects into this very request. On the way to an
// upstream a name stands for each spelling that folds to it: the upstream may read a client's `X_Env` for the `X-Env`
// that was set.
struct HeaderEdits {
  std::vector<std::string> remove;
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::pair<std::string, std::string>> add;
  bool empty() const noexcept { return remove.empty() && set.empty() && add.empty(); }
};

// What the gateway says about where the request came from.
struct ClientFacts {
  std::string_view address;     // of the peer, without a port
  std::string_view scheme;      // http or https
  std::uint16_t port = 0;       // of the listener
  bool trusted = false;         // a trusted proxy: its X-Forwarded-* and Forwarded are kept and appended to
  bool send_forwarded = false;  // also RFC 7239
  std::string_view real_ip;     // of the client; behind trusted proxies the one that they tell
};

struct UpstreamHead {
  const RequestHead& request;
  std::string_view path;                       // after the route's rewrite
  std::string_view host;                       // upstream's override; empty: the request's authority
  Framing framing;                             // of the request's body
  const HeaderNameSet& injectable;             // every name that any route can inject
  std::span<const std::string_view> injected;  // ready-made `Name: value\r\n` lines of the filters
  const HeaderEdits& edits;
  ClientFacts client;
  bool keep_method_override = false;
  std::string_view traceparent;  // for a request that brings none that is valid
};

// Whether the upstream's connection must not be used again after this request.
bool closes_after(Method method, const Framing& request) noexcept;

// Appends the whole head to `out`, made new from nothing: request line, Host, then every field that survives - not
// removed, not hop-by-hop (RFC 9110 section 7.6.1), not named by Connection, not injectable, not `Proxy`,
// `X-Original-URL`, `X-Rewrite-URL`, `HTTP2-Settings`, nor a method override (`X-HTTP-Method-Override`,
// `X-HTTP-Method`, `X-Method-Override`) - then framing, X-Forwarded-*, traceparent, the route's edits, and last the
// injected lines, which nothing can remove. An Upgrade goes on with `Connection: upgrade`, a body of a safe method with
// `Connection: close`: origins that do not expect one leave it unread, and would take it for their next request (RFC
// 9110 section 9.3.1). Expect never goes on: the gateway answers it.
//
// X-Forwarded-For, -Proto, -Host, -Port and X-Real-IP are ours; behind a trusted proxy the first is appended to, the
// next three are kept where present, and the last is what the first tells: a proxy may pass a client's own on. Any
// other `X-Forwarded-*` passes from a trusted proxy alone. What is removed is removed in every spelling that
// fold_name() takes for it. An invalid or repeated traceparent is replaced, and its tracestate goes with it.
//
// Returns how many injectable fields of the client were removed.
std::size_t write_upstream_head(const UpstreamHead& head, std::string& out);

struct DownstreamHead {
  const ResponseHead& response;
  Framing framing;  // what goes to the client: none, fixed, chunked or until_close
  std::uint8_t client_minor = 1;
  bool keep_alive = true;  // the connection to the client
  bool to_head = false;    // answers HEAD: Content-Length of the upstream stays
  const HeaderEdits& edits;
};

// Appends the response head: status line, surviving fields, framing, Date when missing, edits. `date` is an HTTP date.
// Hop-by-hop fields stay behind, but for the Upgrade of a 101 or 426. An informational head (1xx) has no framing, no
// Date and no edits. A body that ends by close always says `Connection: close`.
//
// Cookies of the gateway's own (Fields::add_own_cookie()) are a user's tokens. They come last, with `Cache-Control:
// no-store` (RFC 9111 section 5.2.2.5), in an informational head as well, and no edit concerns them. Whatever lets a
// cache keep the response is left out then, be it the upstream's or an edit's: Cache-Control, its targeted forms such
// as CDN-Cache-Control (RFC 9213), Surrogate-Control, Expires, and X-Accel-Expires and Edge-Control, which some caches
// heed first.
void write_downstream_head(const DownstreamHead& head, std::string_view date, std::string& out);

// A W3C traceparent that can be continued (version 00, no zero ids).
bool is_traceparent(std::string_view value) noexcept;

}  // namespace postern::http
