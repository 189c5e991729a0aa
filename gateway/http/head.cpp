#include "gateway/http/head.hpp"

#include <algorithm>
#include <array>

#include "gateway/http/syntax.hpp"

namespace postern::http {
namespace {

constexpr std::array<std::string_view, 10> method_names = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                           "CONNECT", "OPTIONS", "TRACE", "PATCH", "OTHER"};

struct KnownName {
  std::string_view name;  // in lower case
  KnownField known;
};

// In the order of their lengths, so that a name is compared with the few of its own length.
constexpr std::array known_names = {
    KnownName{"te", KnownField::te},
    KnownName{"date", KnownField::date},
    KnownName{"host", KnownField::host},
    KnownName{"vary", KnownField::vary},
    KnownName{"proxy", KnownField::proxy},
    KnownName{"accept", KnownField::accept},
    KnownName{"cookie", KnownField::cookie},
    KnownName{"expect", KnownField::expect},
    KnownName{"origin", KnownField::origin},
    KnownName{"server", KnownField::server},
    KnownName{"trailer", KnownField::trailer},
    KnownName{"upgrade", KnownField::upgrade},
    KnownName{"forwarded", KnownField::forwarded},
    KnownName{"x-real-ip", KnownField::x_real_ip},
    KnownName{"connection", KnownField::connection},
    KnownName{"keep-alive", KnownField::keep_alive},
    KnownName{"tracestate", KnownField::tracestate},
    KnownName{"traceparent", KnownField::traceparent},
    KnownName{"content-type", KnownField::content_type},
    KnownName{"x-request-id", KnownField::x_request_id},
    KnownName{"authorization", KnownField::authorization},
    KnownName{"x-http-method", KnownField::x_http_method},
    KnownName{"x-rewrite-url", KnownField::x_rewrite_url},
    KnownName{"content-length", KnownField::content_length},
    KnownName{"http2-settings", KnownField::http2_settings},
    KnownName{"sec-fetch-site", KnownField::sec_fetch_site},
    KnownName{"x-original-url", KnownField::x_original_url},
    KnownName{"x-forwarded-for", KnownField::x_forwarded_for},
    KnownName{"proxy-connection", KnownField::proxy_connection},
    KnownName{"x-forwarded-host", KnownField::x_forwarded_host},
    KnownName{"x-forwarded-port", KnownField::x_forwarded_port},
    KnownName{"transfer-encoding", KnownField::transfer_encoding},
    KnownName{"x-forwarded-proto", KnownField::x_forwarded_proto},
    KnownName{"x-method-override", KnownField::x_method_override},
    KnownName{"proxy-authenticate", KnownField::proxy_authenticate},
    KnownName{"proxy-authorization", KnownField::proxy_authorization},
    KnownName{"sec-websocket-protocol", KnownField::sec_websocket_protocol},
    KnownName{"x-http-method-override", KnownField::x_http_method_override},
    KnownName{"access-control-request-method", KnownField::access_control_request_method},
    KnownName{"access-control-request-headers", KnownField::access_control_request_headers},
};

constexpr std::size_t longest_known = known_names.back().name.size();

// first_of_length[n]: the index of the first name of n bytes or more.
constexpr auto first_of_length = [] {
  std::array<std::uint8_t, longest_known + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length) {
    std::uint8_t index = 0;
    while (index < known_names.size() && known_names[index].name.size() < length) ++index;
    first[length] = index;
  }
  return first;
}();

static_assert(std::is_sorted(known_names.begin(), known_names.end(),
                             [](const KnownName& a, const KnownName& b) { return a.name.size() < b.name.size(); }));

}  // namespace

Method method_of(std::string_view name) noexcept {
  constexpr std::size_t named = method_names.size() - 1;
  for (std::size_t i = 0; i < named; ++i) {
    if (method_names[i] == name) return static_cast<Method>(i);
  }
  return Method::other;
}

std::string_view name_of(Method method) noexcept {
  return method_names[static_cast<std::size_t>(method)];
}

bool is_safe(Method method) noexcept {
  return method == Method::get || method == Method::head || method == Method::options || method == Method::trace;
}

bool is_idempotent(Method method) noexcept {
  return is_safe(method) || method == Method::put || method == Method::delete_;
}

bool equals_folded(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

KnownField known_field(std::string_view name) noexcept {
  if (name.empty() || name.size() > longest_known) return KnownField::other;
  const char first = lower(name.front());
  for (std::size_t i = first_of_length[name.size()]; i < first_of_length[name.size() + 1]; ++i) {
    const KnownName& candidate = known_names[i];
    if (candidate.name.front() == first && equals_folded(candidate.name, name)) return candidate.known;
  }
  return KnownField::other;
}

const Field* Fields::find(KnownField known) const noexcept {
  for (const Field& field : list_) {
    if (field.known == known && !field.removed) return &field;
  }
  return nullptr;
}

const Field* Fields::find(std::string_view name) const noexcept {
  for (const Field& field : list_) {
    if (!field.removed && equals_folded(field.name, name)) return &field;
  }
  return nullptr;
}

Field* Fields::find(KnownField known) noexcept {
  return const_cast<Field*>(std::as_const(*this).find(known));
}
Field* Fields::find(std::string_view name) noexcept {
  return const_cast<Field*>(std::as_const(*this).find(name));
}

std::size_t Fields::count(KnownField known) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(list_.begin(), list_.end(), [&](const Field& f) { return f.known == known && !f.removed; }));
}

void Fields::remove(KnownField known) noexcept {
  for (Field& field : list_) {
    if (field.known == known) field.removed = true;
  }
}

void Fields::remove(std::string_view name) noexcept {
  for (Field& field : list_) {
    if (equals_folded(field.name, name)) field.removed = true;
  }
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

}  // namespace postern::http
