#include <array>

#include "gateway/http/header_lines.hpp"
#include "gateway/http/header_rules.hpp"

namespace postern::http {
namespace {

constexpr std::size_t room_for_our_lines = 160;

void append_status_line(const ResponseHead& response, std::string& out) {
  const unsigned status = response.status % 1000;
  const std::array<char, 3> digits = {static_cast<char>('0' + status / 100), static_cast<char>('0' + status / 10 % 10),
                                      static_cast<char>('0' + status % 10)};
  out.append("HTTP/1.1 ").append(digits.data(), digits.size()).append(" ").append(response.reason).append("\r\n");
}

void append_framing(const DownstreamHead& head, std::string& out) {
  switch (head.framing.kind) {
    case BodyKind::chunked:
      append_line(out, "Transfer-Encoding", "chunked");
      break;
    case BodyKind::fixed:
      append_line(out, "Content-Length", head.framing.length);
      break;
    case BodyKind::until_close:
      break;
    case BodyKind::none:
      // What the length would have been (RFC 9110 section 8.6).
      if (!head.to_head && head.response.status != 304) break;
      const Field* const length = head.response.fields.find(KnownField::content_length);
      const auto bytes = length == nullptr ? std::nullopt : parse_content_length(length->value);
      if (bytes) append_line(out, "Content-Length", *bytes);
      break;
  }
}

void append_connection(const DownstreamHead& head, std::string& out) {
  const unsigned status = head.response.status;
  const Field* const upgrade =
      status == 101 || status == 426 ? head.response.fields.find(KnownField::upgrade) : nullptr;
  const bool close = status != 101 && (!head.keep_alive || head.framing.kind == BodyKind::until_close);
  if (upgrade != nullptr) {
    append_line(out, "Connection", close ? "upgrade, close" : "upgrade");
    append_line(out, "Upgrade", upgrade->value);
  } else if (close) {
    append_line(out, "Connection", "close");
  } else if (head.client_minor == 0) {
    append_line(out, "Connection", "keep-alive");
  }
}

}  // namespace

void write_downstream_head(const DownstreamHead& head, std::string_view date, std::string& out) {
  const Fields& fields = head.response.fields;
  const ConnectionOptions options(fields);
  const bool informational = head.response.status < 200;
  const HeaderEdits no_edits;
  const EditRules edits(informational ? no_edits : head.edits, {});
  out.reserve(out.size() + bytes_of(fields) + room_for_our_lines);
  append_status_line(head.response, out);
  bool dated = false;
  for (const Field& field : fields) {
    const bool ours = is_hop_by_hop(field.known) || field.known == KnownField::content_length;
    if (field.removed || ours || options.name(field) || edits.drop(field.name)) continue;
    append_line(out, field.name, field.value);
    dated |= field.known == KnownField::date;
  }
  if (!informational) {
    append_framing(head, out);
    if (!dated && !edits.drop("Date")) append_line(out, "Date", date);
  }
  if (!informational || head.response.status == 101) append_connection(head, out);
  edits.append(out);
  out.append("\r\n");
}

}  // namespace postern::http
