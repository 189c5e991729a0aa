#include <algorithm>
#include <array>

#include "gateway/http/header_lines.hpp"
#include "gateway/http/header_rules.hpp"
#include "gateway/http/syntax.hpp"

namespace postern::http {
namespace {

constexpr std::size_t room_for_our_request_lines = 512;

// The known field that an origin which folds names would take this one for.
KnownField meant_field(const Field& field) noexcept {
  std::array<char, 32> folded;
  if (field.known != KnownField::other || field.name.size() > folded.size()) return field.known;
  std::transform(field.name.begin(), field.name.end(), folded.begin(), fold_name);
  return known_field({folded.data(), field.name.size()});
}

// `X-Forwarded-Prefix` and the like, in any spelling: only a proxy writes them.
bool is_forwarded_name(std::string_view name) noexcept {
  constexpr std::string_view prefix = "x-forwarded-";
  return name.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), name.begin(),
                                                    [](char wanted, char c) { return fold_name(c) == wanted; });
}

class UpstreamWriter {
 public:
  UpstreamWriter(const UpstreamHead& head, std::string& out)
      : head_(head),
        fields_(head.request.fields),
        out_(out, expected_bytes(head)),
        options_(fields_),
        edits_(head.edits, head.injected, NameMatch::folded),
        trace_continues_(continues_trace()) {}

  std::size_t write() {
    write_request_line();
    out_.line("Host", head_.host.empty() ? head_.request.authority : head_.host);
    for (const Field& field : fields_) {
      if (survives(field)) out_.line(field.name, field.value);
    }
    write_framing();
    write_forwarded_for();
    write_facts();
    write_forwarded();
    if (!trace_continues_ && !head_.traceparent.empty()) write_ours("traceparent", head_.traceparent);
    edits_.append(out_);
    for (const std::string_view line : head_.injected) out_.put(line);
    out_.put("\r\n");
    return spoofed_;
  }

 private:
  static std::size_t expected_bytes(const UpstreamHead& head) noexcept {
    std::size_t bytes = bytes_of(head.request.fields) + head.path.size() + head.request.query.size();
    for (const std::string_view line : head.injected) bytes += line.size();
    return bytes + room_for_our_request_lines;
  }

  bool continues_trace() const noexcept {
    const Field* const field = fields_.find(KnownField::traceparent);
    return field != nullptr && is_traceparent(field->value) && fields_.count(KnownField::traceparent) == 1;
  }

  void write_request_line() {
    out_.put(head_.request.method_name);
    out_.put(" ");
    out_.put(head_.path);
    if (head_.request.has_query) {
      out_.put("?");
      out_.put(head_.request.query);
    }
    out_.put(" HTTP/1.1\r\n");
  }

  bool survives(const Field& field) {
    if (field.removed) return false;
    if (head_.injectable.holds(field.name)) {
      ++spoofed_;
      return false;
    }
    return !is_ours(field) && !options_.name(field) && !edits_.drop(field.name);
  }

  // True for what no client's word is taken for, and for what is written anew.
  bool is_ours(const Field& field) const noexcept {
    const KnownField meant = meant_field(field);
    const bool twin = meant != field.known;
    switch (meant) {
      case KnownField::host:
      case KnownField::content_length:
      case KnownField::expect:
      case KnownField::proxy:
      case KnownField::x_original_url:
      case KnownField::x_rewrite_url:
        return true;
      case KnownField::x_http_method:
      case KnownField::x_http_method_override:
      case KnownField::x_method_override:
        return !head_.keep_method_override;
      case KnownField::x_forwarded_for:
      case KnownField::x_real_ip:
        return true;
      case KnownField::x_forwarded_host:
      case KnownField::x_forwarded_port:
      case KnownField::x_forwarded_proto:
        return twin || !head_.client.trusted;
      case KnownField::forwarded:
        return !head_.client.trusted || head_.client.send_forwarded;
      case KnownField::traceparent:
      case KnownField::tracestate:
        return !trace_continues_;
      case KnownField::other:
        return !head_.client.trusted && is_forwarded_name(field.name);
      default:
        return is_hop_by_hop(meant);
    }
  }

  void write_framing() {
    if (head_.framing.kind == BodyKind::chunked) {
      out_.line("Transfer-Encoding", "chunked");
    } else if (head_.framing.kind == BodyKind::fixed) {
      out_.line("Content-Length", head_.framing.length);
    }
    if (closes_after(head_.request.method, head_.framing)) out_.line("Connection", "close");
    if (!head_.framing.upgrade.empty()) {
      out_.line("Connection", "upgrade");
      out_.line("Upgrade", head_.framing.upgrade);
    }
  }

  // A line of the gateway, unless the route's edits or a filter speak for that name.
  bool may_write(std::string_view name) const noexcept { return !edits_.drop(name) && !head_.injectable.holds(name); }
  void write_ours(std::string_view name, std::string_view value) {
    if (may_write(name)) out_.line(name, value);
  }

  // `name: ` and what a trusted proxy sent, as one list that ends with a comma, to be completed with a value and CRLF.
  void begin_list(KnownField known, std::string_view name) {
    out_.put(name);
    out_.put(": ");
    if (!head_.client.trusted) return;
    for (const Field& field : fields_) {
      if (field.known != known || field.removed || field.value.empty() || options_.name(field)) continue;
      out_.put(field.value);
      out_.put(", ");
    }
  }

  void write_forwarded_for() {
    constexpr std::string_view name = "X-Forwarded-For";
    if (!may_write(name)) return;
    begin_list(KnownField::x_forwarded_for, name);
    out_.put(head_.client.address);
    out_.put("\r\n");
  }

  // Written when no trusted proxy has said it already.
  void write_fact(KnownField known, std::string_view name, std::string_view value) {
    const Field* const said = head_.client.trusted ? fields_.find(known) : nullptr;
    if (!value.empty() && (said == nullptr || options_.name(*said))) write_ours(name, value);
  }

  void write_facts() {
    write_fact(KnownField::x_forwarded_proto, "X-Forwarded-Proto", head_.client.scheme);
    write_fact(KnownField::x_forwarded_host, "X-Forwarded-Host", head_.request.authority);
    const std::string port = std::to_string(head_.client.port);
    write_fact(KnownField::x_forwarded_port, "X-Forwarded-Port", port);
    write_ours("X-Real-IP", head_.client.real_ip);
  }

  // RFC 7239 section 4: values that are no tokens are quoted, an IPv6 address stands in brackets.
  void write_forwarded() {
    if (!head_.client.send_forwarded || !may_write("Forwarded")) return;
    begin_list(KnownField::forwarded, "Forwarded");
    const bool ipv6 = head_.client.address.find(':') != std::string_view::npos;
    out_.put(ipv6 ? "for=\"[" : "for=");
    out_.put(head_.client.address);
    out_.put(ipv6 ? "]\"" : "");
    const std::string_view host = head_.request.authority;
    if (!host.empty()) {
      const std::string_view quote = token_chars.holds_all(host) ? "" : "\"";
      for (const std::string_view part : {std::string_view(";host="), quote, host, quote}) out_.put(part);
    }
    out_.put(";proto=");
    out_.put(head_.client.scheme);
    out_.put("\r\n");
  }

  const UpstreamHead& head_;
  const Fields& fields_;
  HeadWriter out_;
  ConnectionOptions options_;
  EditRules edits_;
  bool trace_continues_;
  std::size_t spoofed_ = 0;
};

bool is_lower_hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view digits) noexcept {
  return digits.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

bool closes_after(Method method, const Framing& request) noexcept {
  return is_safe(method) && (request.kind == BodyKind::chunked || request.length > 0);
}

std::size_t write_upstream_head(const UpstreamHead& head, std::string& out) {
  return UpstreamWriter(head, out).write();
}

bool is_traceparent(std::string_view value) noexcept {
  constexpr std::size_t trace_id = 3, parent_id = 36, flags = 53, size = 55;
  if (value.size() != size || !value.starts_with("00-") || value[parent_id - 1] != '-' || value[flags - 1] != '-') {
    return false;
  }
  const std::string_view trace = value.substr(trace_id, 32), parent = value.substr(parent_id, 16);
  return is_lower_hex(trace) && is_lower_hex(parent) && is_lower_hex(value.substr(flags)) && !is_zero(trace) &&
         !is_zero(parent);
}

}  // namespace postern::http
