#include "gateway/http/framing.hpp"

#include <array>
#include <charconv>
#include <string>

#include "gateway/http/syntax.hpp"
#include "gateway/http/target.hpp"

namespace postern::http {
namespace {

// What one pass over the fields finds of those that frame a message.
struct Found {
  const Field* content_length = nullptr;
  const Field* transfer_encoding = nullptr;
  const Field* host = nullptr;
  const Field* upgrade = nullptr;
  unsigned lengths = 0, encodings = 0, hosts = 0, upgrades = 0;
  std::size_t options = 0;  // that Connection lists
  bool close = false, keep_alive = false, names_upgrade = false;
  bool names_framing = false;  // Connection names a field that no hop may drop
  bool bad_option = false;     // Connection or Proxy-Connection lists what is no token
  bool twin = false;           // `Content_Length`: some origins read it as the real one
  bool expects = false;        // 100-continue
  bool expects_other = false;
};

// The names that Connection may not list: without them the next hop would see another message or another caller.
bool is_end_to_end(std::string_view name) noexcept {
  switch (known_field(name)) {
    case KnownField::host:
    case KnownField::content_length:
    case KnownField::transfer_encoding:
    case KnownField::authorization:
      return true;
    default:
      return false;
  }
}

void read_connection(std::string_view value, Found& found) noexcept {
  for_each_in_list(value, [&](std::string_view option) {
    if (++found.options > max_connection_options) return false;
    if (equals_folded(option, "close")) {
      found.close = true;
    } else if (equals_folded(option, "keep-alive")) {
      found.keep_alive = true;
    } else if (equals_folded(option, "upgrade")) {
      found.names_upgrade = true;
    } else {
      found.names_framing |= is_end_to_end(option);
      found.bad_option |= !token_chars.holds_all(option);
    }
    return true;
  });
}

bool is_token_list(std::string_view value) noexcept {
  bool tokens = true;
  for_each_in_list(value, [&](std::string_view element) { return tokens = token_chars.holds_all(element); });
  return tokens;
}

// Of a field that is not known by its name: what an origin could take for a framing field.
bool is_framing_twin(std::string_view name) noexcept {
  return folds_alike(name, "content-length") || folds_alike(name, "transfer-encoding");
}

void note(const Field& field, const Field*& first, unsigned& count) noexcept {
  if (count++ == 0) first = &field;
}

Found look_for_framing(const Fields& fields) noexcept {
  Found found;
  for (const Field& field : fields) {
    switch (field.known) {
      case KnownField::content_length:
        note(field, found.content_length, found.lengths);
        break;
      case KnownField::transfer_encoding:
        note(field, found.transfer_encoding, found.encodings);
        break;
      case KnownField::host:
        note(field, found.host, found.hosts);
        break;
      case KnownField::upgrade:
        note(field, found.upgrade, found.upgrades);
        break;
      case KnownField::connection:
        read_connection(field.value, found);
        break;
      case KnownField::proxy_connection:
        found.bad_option |= !is_token_list(field.value);
        break;
      case KnownField::expect:
        (equals_folded(field.value, "100-continue") ? found.expects : found.expects_other) = true;
        break;
      case KnownField::other:
        found.twin |= is_framing_twin(field.name);
        break;
      default:
        break;
    }
  }
  return found;
}

// `gzip, chunked`: well-formed and registered (RFC 9112 section 7), and nothing that is decoded here.
bool is_compressed_chunked(std::string_view value) noexcept {
  constexpr std::array<std::string_view, 5> compressions = {"gzip", "x-gzip", "deflate", "compress", "x-compress"};
  const std::size_t comma = value.rfind(',');
  if (comma == std::string_view::npos || !equals_folded(trim(value.substr(comma + 1)), "chunked")) return false;
  bool all_known = true;
  std::size_t elements = 0;
  for_each_in_list(value.substr(0, comma), [&](std::string_view coding) {
    bool known = false;
    for (const std::string_view compression : compressions) known |= equals_folded(coding, compression);
    all_known &= known;
    ++elements;
    return all_known;
  });
  return all_known && elements > 0;
}

// The body's kind by its framing fields alone; `malformed` is the side's reason.
tl::expected<Framing, Refusal> judge_body(const Found& found, unsigned minor_version, Reason malformed) {
  const auto refuse = [&](const char* why) { return tl::unexpected(Refusal(malformed, why)); };
  if (found.twin) return refuse("a framing field in another spelling");
  if (found.options > max_connection_options) return refuse("Connection lists too many options");
  if (found.bad_option) return refuse("Connection is not a list of tokens");
  if (found.names_framing) return refuse("Connection names a field that is not hop-by-hop");
  if (found.lengths + found.encodings > 1) return refuse("more than one Content-Length or Transfer-Encoding");
  Framing framing;
  if (found.transfer_encoding != nullptr) {
    if (minor_version == 0) return refuse("Transfer-Encoding in HTTP/1.0");
    if (!equals_folded(found.transfer_encoding->value, "chunked")) return refuse("Transfer-Encoding is not `chunked`");
    framing.kind = BodyKind::chunked;
  } else if (found.content_length != nullptr) {
    const auto length = parse_content_length(found.content_length->value);
    if (!length) return refuse("Content-Length is not a number of bytes");
    framing.kind = BodyKind::fixed;
    framing.length = *length;
  }
  framing.keep_alive = !found.close && (minor_version > 0 || found.keep_alive);
  return framing;
}

bool names_h2(std::string_view upgrade) noexcept {
  return list_has(upgrade, "h2c") || list_has(upgrade, "h2");
}

std::string_view usable_upgrade(const Found& found, unsigned minor_version) noexcept {
  if (!found.names_upgrade || found.upgrades != 1 || minor_version == 0) return {};
  return names_h2(found.upgrade->value) ? std::string_view{} : found.upgrade->value;
}

tl::expected<void, Refusal> judge_host(const Found& found, unsigned minor_version) {
  const auto refuse = [](const char* why) { return tl::unexpected(Refusal(Reason::request_malformed, why)); };
  if (found.hosts > 1) return refuse("Host more than once");
  if (found.hosts == 0 && minor_version > 0) return refuse("Host is missing");
  if (found.hosts == 1 && !is_authority(found.host->value)) return refuse("Host is not an authority");
  return {};
}

bool is_known_but_for_case(std::string_view name) noexcept {
  for (auto method = Method::get; method != Method::other;
       method = static_cast<Method>(static_cast<std::uint8_t>(method) + 1)) {
    if (equals_folded(name_of(method), name)) return true;
  }
  return false;
}

}  // namespace

std::optional<std::uint64_t> parse_content_length(std::string_view value) noexcept {
  if (value.empty() || !is_digit(value.front())) return std::nullopt;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  return length;
}

bool list_has(std::string_view list, std::string_view token) noexcept {
  bool has = false;
  for_each_in_list(list, [&](std::string_view element) { return !(has = equals_folded(element, token)); });
  return has;
}

tl::expected<Framing, Refusal> judge_request(const RequestHead& head) {
  const Found found = look_for_framing(head.fields);
  if (found.encodings == 1 && found.lengths == 0 && head.minor_version > 0 &&
      is_compressed_chunked(found.transfer_encoding->value)) {
    return tl::unexpected(Refusal(Reason::encoding_not_implemented, "a transfer coding before chunked"));
  }
  auto framing = judge_body(found, head.minor_version, Reason::request_malformed);
  if (!framing) return framing;
  if (auto host = judge_host(found, head.minor_version); !host) return tl::unexpected(std::move(host.error()));
  if (found.expects_other) return tl::unexpected(Refusal(Reason::expectation_failed, "another Expect"));
  const bool has_body = framing->kind == BodyKind::chunked || framing->length > 0;
  // An HTTP/1.0 client knows no 100 (RFC 9110 section 10.1.1), and without a body there is nothing to wait for.
  framing->expects_continue = found.expects && has_body && head.minor_version > 0;
  // Bytes after an upgrade's head belong either to its body or to the tunnel, and peers disagree on which.
  if (!has_body) framing->upgrade = usable_upgrade(found, head.minor_version);
  return framing;
}

std::optional<Refusal> judge_method(const RequestHead& head) {
  switch (head.method) {
    case Method::trace:
      return Refusal(Reason::method_not_allowed, "TRACE");
    case Method::connect:
      return Refusal(Reason::method_not_implemented, "CONNECT");
    case Method::other:
      if (is_known_but_for_case(head.method_name)) {
        return Refusal(Reason::method_not_implemented, "a known method in other letters");
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

tl::expected<Framing, Refusal> judge_response(const ResponseHead& head, Method request_method) {
  const Found found = look_for_framing(head.fields);
  auto framing = judge_body(found, head.minor_version, Reason::upstream_malformed);
  if (!framing) return framing;
  framing->upgrade = usable_upgrade(found, head.minor_version);
  const bool no_content = head.status < 200 || head.status == 204;
  if (no_content && (framing->kind == BodyKind::chunked || framing->length > 0)) framing->keep_alive = false;
  if (no_content || head.status == 304 || request_method == Method::head) {
    framing->kind = BodyKind::none;
    framing->length = 0;
  } else if (framing->kind == BodyKind::none) {
    framing->kind = BodyKind::until_close;
    framing->keep_alive = false;
  }
  return framing;
}

}  // namespace postern::http
