#include <array>

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
      // What the length would have been (RFC 9110 section 8.6).
      if (!head.to_head && head.response.status != 304) break;
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

}  // namespace

void write_downstream_head(const DownstreamHead& head, std::string_view date, std::string& bytes) {
  const Fields& fields = head.response.fields;
  const ConnectionOptions options(fields);
  const bool informational = head.response.status < 200;
  static const HeaderEdits no_edits;
  const EditRules edits(informational ? no_edits : head.edits, {}, NameMatch::without_case);
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
