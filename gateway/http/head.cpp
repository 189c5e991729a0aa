#include "gateway/http/head.hpp"

#include <algorithm>
#include <array>

#include "gateway/http/words.hpp"

namespace postern::http {
namespace {

constexpr std::array<std::string_view, 10> method_names = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                           "CONNECT", "OPTIONS", "TRACE", "PATCH", "OTHER"};

struct KnownName {
  std::string_view name;  // in lower case
  KnownField known;
};

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
    KnownName{"trailer", KnownField::trailer},
    KnownName{"upgrade", KnownField::upgrade},
    KnownName{"forwarded", KnownField::forwarded},
    KnownName{"x-real-ip", KnownField::x_real_ip},
    KnownName{"connection", KnownField::connection},
    KnownName{"keep-alive", KnownField::keep_alive},
    KnownName{"tracestate", KnownField::tracestate},
    KnownName{"traceparent", KnownField::traceparent},
    KnownName{"content-type", KnownField::content_type},
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
};

// A name is hashed by its length and two of its letters into a table where each known name has a place of its own, so
// that it is compared with one known name at most. The multiplier is searched for when this file is compiled.
constexpr unsigned slot_bits = 8;
constexpr std::uint8_t no_name = 0xFF;

constexpr std::size_t slot_of(std::string_view name, std::uint32_t multiplier) noexcept {
  constexpr unsigned char case_bit = 0x20;
  const auto first = static_cast<std::uint32_t>(name.front() | case_bit);
  const auto last_but_one = static_cast<std::uint32_t>(name[name.size() - 2] | case_bit);
  const std::uint32_t key = static_cast<std::uint32_t>(name.size()) << 16 ^ first << 8 ^ last_but_one;
  return (key * multiplier) >> (32 - slot_bits);
}

struct KnownTable {
  std::uint32_t multiplier = 0;
  std::array<std::uint8_t, 1 << slot_bits> slots{};  // index into known_names, or no_name

  constexpr bool place_all() noexcept {
    slots.fill(no_name);
    for (std::size_t i = 0; i < known_names.size(); ++i) {
      std::uint8_t& slot = slots[slot_of(known_names[i].name, multiplier)];
      if (slot != no_name) return false;
      slot = static_cast<std::uint8_t>(i);
    }
    return true;
  }
};

constexpr KnownTable known_table = [] {
  KnownTable table;
  table.multiplier = 0x9E3779B1;
  while (!table.place_all()) table.multiplier += 2;
  return table;
}();

bool same_word(Word a, Word b) noexcept {
  return a == b || fold_word(a) == fold_word(b);
}

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
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size < word_bytes) return size == 0 || same_word(load_short(a.data(), size), load_short(b.data(), size));
  for (std::size_t i = 0; i + word_bytes < size; i += word_bytes) {
    if (!same_word(load_word(a.data() + i), load_word(b.data() + i))) return false;
  }
  const std::size_t last = size - word_bytes;
  return same_word(load_word(a.data() + last), load_word(b.data() + last));
}

KnownField known_field(std::string_view name) noexcept {
  if (name.size() < 2) return KnownField::other;
  const std::uint8_t index = known_table.slots[slot_of(name, known_table.multiplier)];
  if (index == no_name || !equals_folded(known_names[index].name, name)) return KnownField::other;
  return known_names[index].known;
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

std::size_t Fields::count(KnownField known) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(list_.begin(), list_.end(), [&](const Field& f) { return f.known == known && !f.removed; }));
}

}  // namespace postern::http
