// Request and response heads as postern sees them: views into the bytes that were received, no library's type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::http {

// RFC 9110 section 9.3 and PATCH (RFC 5789). Everything else is `other` and keeps its name in RequestHead.
enum class Method : std::uint8_t { get, head, post, put, delete_, connect, options, trace, patch, other };

Method method_of(std::string_view name) noexcept;  // methods are case-sensitive
std::string_view name_of(Method method) noexcept;  // "OTHER" for other: a label, never a method to send

// GET, HEAD, OPTIONS, TRACE (RFC 9110 section 9.2.1); and with PUT and DELETE the idempotent ones (9.2.2).
bool is_safe(Method method) noexcept;
bool is_idempotent(Method method) noexcept;

// The field names that the gateway itself acts on; and Accept, of nearly every request: what is known here need not be
// looked up once more in its folded spelling on the way to an upstream.
enum class KnownField : std::uint8_t {
  other,
  accept,
  access_control_request_method,
  authorization,
  connection,
  content_length,
  content_type,
  cookie,
  date,
  expect,
  forwarded,
  host,
  http2_settings,
  keep_alive,
  origin,
  proxy,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  sec_fetch_site,
  sec_websocket_protocol,
  te,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  upgrade,
  vary,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_port,
  x_forwarded_proto,
  x_http_method,
  x_http_method_override,
  x_method_override,
  x_original_url,
  x_real_ip,
  x_rewrite_url,
  own_set_cookie,  // of no name: see Fields::add_own_cookie()
};

// Without case; compares with one name at most. `Content_Length` is `other`: see HeaderNameSet for folding.
KnownField known_field(std::string_view name) noexcept;

// True when the names are equal without case (ASCII).
bool equals_folded(std::string_view a, std::string_view b) noexcept;

struct Field {
  std::string_view name;   // as received
  std::string_view value;  // without the white space around it
  KnownField known = KnownField::other;
  bool removed = false;  // stays in place and is not forwarded
};

// A field section in its order. The views' bytes live elsewhere: in the receive buffer or in the request's memory.
class Fields {
 public:
  void clear() noexcept { list_.clear(); }
  void reserve(std::size_t fields) { list_.reserve(fields); }
  void add(std::string_view name, std::string_view value) { list_.push_back({name, value, known_field(name)}); }
  // A Set-Cookie of the gateway's own, behind all other fields: no field to anybody but write_downstream_head().
  void add_own_cookie(std::string_view value) {
    list_.push_back({"Set-Cookie", value, KnownField::own_set_cookie, true});
  }
  bool has_own_cookies() const noexcept { return !list_.empty() && list_.back().known == KnownField::own_set_cookie; }

  // The first that is not removed, or nullptr.
  const Field* find(KnownField known) const noexcept;
  const Field* find(std::string_view name) const noexcept;  // without case
  std::size_t count(KnownField known) const noexcept;

  auto begin() noexcept { return list_.begin(); }
  auto end() noexcept { return list_.end(); }
  auto begin() const noexcept { return list_.begin(); }
  auto end() const noexcept { return list_.end(); }
  std::size_t size() const noexcept { return list_.size(); }

 private:
  std::vector<Field> list_;
};

struct RequestHead {
  Method method = Method::other;
  std::string_view method_name;
  std::string_view target;     // as received
  std::string_view authority;  // of Host, or of an absolute-form target that agrees with it; as received
  std::string_view path;       // canonical: what the router judges is what the upstream gets
  std::string_view query;      // without `?`, as received
  bool has_query = false;
  bool encoded_slash = false;      // the path holds %2F or %5C
  bool path_parameters = false;    // the path holds `;` or %3B
  bool path_delimiters = false;    // the path holds the escape of another delimiter: %3A, %40
  std::uint8_t minor_version = 1;  // HTTP/1.x
  Fields fields;

  void clear() noexcept {
    fields.clear();
    RequestHead fresh;
    fresh.fields = std::move(fields);  // keeps the capacity
    *this = std::move(fresh);
  }
};

struct ResponseHead {
  unsigned status = 200;
  std::string_view reason;
  std::uint8_t minor_version = 1;
  Fields fields;

  void clear() noexcept {
    fields.clear();
    ResponseHead fresh;
    fresh.fields = std::move(fields);  // keeps the capacity
    *this = std::move(fresh);
  }
};

}  // namespace postern::http
