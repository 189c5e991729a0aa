#include <algorithm>
#include <array>
#include <optional>

#include "gateway/http/header_lines.hpp"
#include "gateway/http/header_rules.hpp"

namespace postern::http {
namespace {

constexpr std::size_t room_for_our_response_lines = 160;

void append_status_line(const ResponseHead& response, HeadWriter& out) {
  const unsigned status = response.status % 1000;
  const std::array<char, 3> digits = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                                      static_cast<char>('0' + status % 10)};
  out.put("HTTP/1.1 ");
  out.put({digits.data(), digits.size()});
  out.put(" ");
  out.put(response.reason);
  out.put("\r\n");
}

void append_framing(const DownstreamHead& head, HeadWriter& out) {
  switch (head.framing.kind) {
    case BodyKind::chunked:
      out.line("Transfer-Encoding", "chunked");
      break;
    case BodyKind::fixed:
      out.line("Content-Length", head.framing.length);
      break;
    case BodyKind::until_close:
      break;
    case BodyKind::none:
      // What the length would have been; none with 204 (RFC 9110 section 8.6).
      if (head.response.status == 204 || (!head.to_head && head.response.status != 304)) break;
      const Field* const length = head.response.fields.find(KnownField::content_length);
      const auto bytes = length == nullptr ? std::nullopt : parse_content_length(length->value);
      if (bytes) out.line("Content-Length", *bytes);
      break;
  }
}

void append_connection(const DownstreamHead& head, HeadWriter& out) {
  const unsigned status = head.response.status;
  const Field* const upgrade =
      status == 101 || status == 426 ? head.response.fields.find(KnownField::upgrade) : nullptr;
  const bool close = status != 101 && (!head.keep_alive || head.framing.kind == BodyKind::until_close);
  if (upgrade != nullptr) {
    out.line("Connection", close ? "upgrade, close" : "upgrade");
    out.line("Upgrade", upgrade->value);
  } else if (close) {
    out.line("Connection", "close");
  } else if (head.client_minor == 0) {
    out.line("Connection", "keep-alive");
  }
}

// Whether a field of that name may tell a cache to keep the response.
bool is_about_caching(std::string_view name) noexcept {
  constexpr std::string_view cache_control = "Cache-Control";
  constexpr std::array<std::string_view, 5> names = {cache_control, "Surrogate-Control", "Expires", "X-Accel-Expires",
                                                     "Edge-Control"};
  if (name.size() > cache_control.size()) {
    const std::string_view end = name.substr(name.size() - cache_control.size() - 1);
    if (end.front() == '-' && equals_folded(end.substr(1), cache_control)) return true;
  }
  return std::any_of(names.begin(), names.end(), [&](std::string_view one) { return equals_folded(name, one); });
}

// The edits, and after them what the gateway's own cookies need. Out of the way of all the responses without any.
[[gnu::cold, gnu::noinline]] HeaderEdits with_own_cookies(HeaderEdits edits, const Fields& fields) {
  for (auto* const written : {&edits.set, &edits.add}) {
    std::erase_if(*written, [](const auto& edit) { return is_about_caching(edit.first); });
  }
  for (const Field& field : fields) {
    if (is_about_caching(field.name)) edits.remove.emplace_back(field.name);
    if (field.known == KnownField::own_set_cookie) edits.add.emplace_back(field.name, field.value);
  }
  edits.add.emplace_back("Cache-Control", "no-store");
  return edits;
}

}  // namespace

void write_downstream_head(const DownstreamHead& head, std::string_view date, std::string& bytes) {
  const Fields& fields = head.response.fields;
  const ConnectionOptions options(fields);
  const bool informational = head.response.status < 200;
  static const HeaderEdits no_edits;
  const HeaderEdits* header_edits = informational ? &no_edits : &head.edits;
  std::optional<HeaderEdits> with_cookies;
  if (fields.has_own_cookies()) [[unlikely]] {
    header_edits = &with_cookies.emplace(with_own_cookies(*header_edits, fields));
  }
  const EditRules edits(*header_edits, {}, NameMatch::without_case);
  HeadWriter out(bytes, bytes_of(fields) + head.response.reason.size() + room_for_our_response_lines);
  append_status_line(head.response, out);
  bool dated = false;
  for (const Field& field : fields) {
    const bool ours = is_hop_by_hop(field.known) || field.known == KnownField::content_length;
    if (field.removed || ours || options.name(field) || edits.drop(field.name)) continue;
    out.line(field.name, field.value);
    dated |= field.known == KnownField::date;
  }
  if (!informational) {
    append_framing(head, out);
    if (!dated && !edits.drop("Date")) out.line("Date", date);
  }
  if (!informational || head.response.status == 101) append_connection(head, out);
  edits.append(out);
  out.put("\r\n");
}

}  // namespace postern::http
