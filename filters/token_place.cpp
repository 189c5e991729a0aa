#include "filters/token_place.hpp"

#include <algorithm>

#include "gateway/http/cookies.hpp"
#include "gateway/http/list_parts.hpp"

namespace postern::filters {
namespace {

using http::keep;
using http::NameAndValue;
using http::split_pair;
using http::take_part;
using http::trim;
using http::without_parts;
using Found = tl::expected<std::string_view, Refusal>;
using Kind = TokenPlace::Kind;

tl::unexpected<Refusal> refuse(Reason reason, std::string detail) {
  return tl::unexpected(Refusal(reason, std::move(detail)));
}

// In any spelling that an upstream could take for the name: the token would be in two places, or stay behind.
bool is_named(const http::Field& field, const TokenPlace& place) noexcept {
  if (field.removed) return false;
  if (place.known != http::KnownField::other && field.known == place.known) return true;
  return field.known == http::KnownField::other && http::folds_alike(field.name, place.name);
}

// Whether the value is of this place's scheme. `Bearerish x` is another one.
bool has_prefix(std::string_view value, std::string_view prefix) noexcept {
  if (!http::equals_folded(value.substr(0, prefix.size()), prefix)) return false;
  return prefix.empty() || value.size() == prefix.size() || !http::token_chars.holds(value[prefix.size()]);
}

Found read_header(const TokenPlace& place, const http::RequestHead& head) {
  const http::Field* only = nullptr;
  for (const http::Field& field : head.fields) {
    if (!is_named(field, place)) continue;
    if (only != nullptr) return refuse(Reason::token_multiple, "two " + place.name + " fields");
    only = &field;
  }
  if (only == nullptr || !has_prefix(only->value, place.prefix)) return std::string_view{};
  std::string_view token = only->value.substr(place.prefix.size());
  if (!place.prefix.empty()) {
    if (token.empty() || token.front() != ' ') return refuse(Reason::token_malformed, "a scheme without its token");
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    if (token.empty()) return refuse(Reason::token_malformed, "a scheme without its token");
  }
  // Proxies join two fields of a name into one with a comma, which no compact token holds. The JSON serialisation
  // (RFC 7515 section 7.2) does, and is refused for what it is.
  if (!token.starts_with('{') && token.find(',') != std::string_view::npos) {
    return refuse(Reason::token_multiple, "a list in " + place.name);
  }
  return token;
}

void remove_header(const TokenPlace& place, http::RequestHead& head) {
  for (http::Field& field : head.fields) {
    if (is_named(field, place) && has_prefix(field.value, place.prefix)) field.removed = true;
  }
}

// Whether `written` is `name` once its percent-encoding is undone: an upstream would read it so.
bool decodes_to(std::string_view written, std::string_view name) noexcept {
  std::size_t at = 0;
  for (const char wanted : name) {
    if (at >= written.size()) return false;
    char c = written[at++];
    if (c == '+') c = ' ';
    if (c == '%' && written.size() - at >= 2 && hex_value(written[at]) >= 0 && hex_value(written[at + 1]) >= 0) {
      c = static_cast<char>(hex_value(written[at]) * 16 + hex_value(written[at + 1]));
      at += 2;
    }
    if (c != wanted) return false;
  }
  return at == written.size();
}

Found read_query(const TokenPlace& place, const http::RequestHead& head) {
  std::string_view token;
  bool seen = false;
  for (std::string_view rest = head.query; !rest.empty();) {
    const NameAndValue parameter = split_pair(take_part(rest, '&'));
    if (!decodes_to(parameter.name, place.name)) continue;
    if (seen) return refuse(Reason::token_multiple, "two query parameters " + place.name);
    seen = true;
    token = parameter.value;
  }
  if (token.find_first_of("%+") != std::string_view::npos) {
    return refuse(Reason::token_malformed, "an encoded token in the query");
  }
  return token;
}

void remove_query(const TokenPlace& place, http::RequestHead& head, std::pmr::memory_resource& memory) {
  const auto rest = without_parts(head.query, "&", memory,
                                  [&](std::string_view part) { return decodes_to(split_pair(part).name, place.name); });
  if (!rest.changed) return;
  head.query = rest.text;
  head.has_query = !rest.text.empty();
}

// In any spelling, as is_named().
bool is_protocol_list(const http::Field& field) noexcept {
  if (field.removed) return false;
  if (field.known == http::KnownField::sec_websocket_protocol) return true;
  return field.known == http::KnownField::other && http::folds_alike(field.name, "Sec-WebSocket-Protocol");
}

// Calls `visit(element)` for each element of the Sec-WebSocket-Protocol list, all its fields in a row.
template <class Visit>
void each_protocol(const http::RequestHead& head, Visit&& visit) {
  for (const http::Field& field : head.fields) {
    if (!is_protocol_list(field)) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::string_view element = trim(take_part(rest, ','));
      if (!element.empty()) visit(element);
    }
  }
}

Found read_protocol(const TokenPlace& place, const http::RequestHead& head) {
  std::string_view token;
  unsigned seen = 0;
  bool token_is_next = false;
  each_protocol(head, [&](std::string_view element) {
    if (token_is_next) {
      token = element;
      token_is_next = false;
    } else if (element == place.name) {
      ++seen;
      token_is_next = true;
    }
  });
  if (seen > 1) return refuse(Reason::token_multiple, "the subprotocol " + place.name + " twice");
  if (token_is_next) return refuse(Reason::token_malformed, "the subprotocol " + place.name + " without its token");
  return token;
}

void remove_protocol(const TokenPlace& place, http::RequestHead& head, std::pmr::memory_resource& memory) {
  std::pmr::string rest(&memory);
  bool token_is_next = false;
  bool found = false;
  each_protocol(head, [&](std::string_view element) {
    if (token_is_next) {
      token_is_next = false;
    } else if (element == place.name) {
      found = token_is_next = true;
    } else {
      if (!rest.empty()) rest += ", ";
      rest += element;
    }
  });
  if (!found) return;
  for (http::Field& field : head.fields) {
    if (is_protocol_list(field)) field.removed = true;
  }
  if (!rest.empty()) head.fields.add("Sec-WebSocket-Protocol", keep(rest, memory));
}

}  // namespace

TokenPlace TokenPlace::from(const conf::TokenSource& source) {
  if (!source.query.empty()) return {Kind::query, source.query, {}};
  if (!source.cookie.empty()) return {Kind::cookie, source.cookie, {}};
  if (!source.websocket_protocol.empty()) return {Kind::websocket_protocol, source.websocket_protocol, {}};
  return {Kind::header, source.header, std::string(trim(source.prefix)), http::known_field(source.header)};
}

TokenPlace TokenPlace::authorization() {
  return {Kind::header, "Authorization", "Bearer", http::KnownField::authorization};
}

tl::expected<std::string_view, Refusal> read_token(const TokenPlace& place, const http::RequestHead& head) {
  switch (place.kind) {
    case Kind::query:
      return read_query(place, head);
    case Kind::websocket_protocol:
      return read_protocol(place, head);
    case Kind::cookie:
      return http::read_cookie(head, place.name);
    case Kind::header:
      break;
  }
  return read_header(place, head);
}

void remove_token(const TokenPlace& place, http::RequestHead& head, std::pmr::memory_resource& memory) {
  switch (place.kind) {
    case Kind::query:
      return remove_query(place, head, memory);
    case Kind::websocket_protocol:
      return remove_protocol(place, head, memory);
    case Kind::cookie:
      return http::remove_cookies(head, {&place.name, 1}, memory);
    case Kind::header:
      return remove_header(place, head);
  }
}

}  // namespace postern::filters
