#include "filters/jose/compact.hpp"

#include <algorithm>
#include <array>

#include "base/base64.hpp"
#include "filters/jose/detail.hpp"

namespace postern::jose {
namespace {

tl::unexpected<Refusal> malformed(std::string detail) {
  return tl::unexpected(Refusal(Reason::token_malformed, std::move(detail)));
}

constexpr std::array<std::string_view, 3> part_names = {"header", "payload", "signature"};
using Parts = std::array<std::string_view, 3>;

std::string wrong_count(std::string_view text) {
  const auto parts = static_cast<std::size_t>(std::count(text.begin(), text.end(), '.')) + 1;
  std::string detail = "the token has " + std::to_string(parts) + (parts == 1 ? " part" : " parts") + ", 3 needed";
  if (parts == 5) detail += "; five make an encrypted token (JWE)";
  if (text.starts_with('{')) detail += "; it looks like the JSON serialisation";
  return detail;
}

// The three parts; nothing when there are more or fewer.
std::optional<Parts> split(std::string_view text) {
  const auto first = text.find('.');
  if (first == text.npos) return std::nullopt;
  const auto second = text.find('.', first + 1);
  if (second == text.npos || text.find('.', second + 1) != text.npos) return std::nullopt;
  return Parts{text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)};
}

tl::expected<Json, Refusal> parse_object(std::string_view bytes, std::string_view what) {
  auto json = parse_json(bytes);
  if (!json) {
    return malformed("the " + std::string(what) + " is not acceptable JSON: " + json.error().message + " (at byte " +
                     std::to_string(json.error().offset) + ")");
  }
  if (json->object() == nullptr) return malformed("the " + std::string(what) + " is no JSON object");
  return std::move(*json);
}

// What is wrong with the header's members, or nothing.
std::optional<std::string> header_fault(const Json& header) {
  const Json* alg = header.find("alg");
  if (alg == nullptr) return "the header has no `alg`";
  if (alg->string() == nullptr) return "`alg` is no string but " + shown(*alg);
  const Json* kid = header.find("kid");
  if (kid != nullptr && kid->string() == nullptr) return "`kid` is no string but " + shown(*kid);
  // No extension is implemented, so each one that must be understood refuses (RFC 7515 section 4.1.11).
  if (const Json* crit = header.find("crit")) return "the header demands extensions: `crit` is " + shown(*crit);
  const Json* b64 = header.find("b64");
  if (b64 != nullptr && *b64 != Json(true)) return "an unencoded payload is not accepted: `b64` is " + shown(*b64);
  return std::nullopt;
}

std::string text_member(const Json& header, std::string_view name) {
  const Json* member = header.find(name);
  return member != nullptr ? *member->string() : std::string();
}

tl::expected<std::string, Refusal> decode_part(std::string_view part, std::size_t index) {
  auto bytes = decode_base64url(part);
  if (!bytes) return malformed("the " + std::string(part_names[index]) + " is not strict base64url");
  return std::move(*bytes);
}

tl::expected<JoseHeaderPtr, Refusal> parse_header(std::string_view encoded, HeaderMemo* memo) {
  if (memo != nullptr) {
    if (JoseHeaderPtr known = memo->find(encoded)) return known;
  }
  const auto bytes = decode_part(encoded, 0);
  if (!bytes) return tl::unexpected(bytes.error());
  auto members = parse_object(*bytes, part_names[0]);
  if (!members) return tl::unexpected(std::move(members.error()));
  if (auto fault = header_fault(*members)) return malformed(std::move(*fault));
  auto header = std::make_shared<JoseHeader>();
  header->alg = text_member(*members, "alg");
  header->kid = text_member(*members, "kid");
  header->members = std::move(*members);
  if (memo != nullptr) memo->keep(encoded, header);
  return header;
}

}  // namespace

JoseHeaderPtr HeaderMemo::find(std::string_view encoded) const noexcept {
  for (const Entry& entry : entries_) {
    if (entry.encoded == encoded) return entry.header;
  }
  return nullptr;
}

void HeaderMemo::keep(std::string_view encoded, JoseHeaderPtr header) {
  if (encoded.size() > longest) return;
  entries_[next_] = {std::string(encoded), std::move(header)};
  next_ = (next_ + 1) % capacity;
}

tl::expected<CompactToken, Refusal> parse_compact(std::string_view text, bool empty_payload, HeaderMemo* memo) {
  if (text.empty()) return malformed("the token is empty");
  const auto parts = split(text);
  if (!parts) return malformed(wrong_count(text));
  const auto& [encoded_header, encoded_payload, encoded_signature] = *parts;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    if (!(*parts)[i].empty() || (empty_payload && i == 1)) continue;
    return malformed("the " + std::string(part_names[i]) + " is empty");
  }
  auto header = parse_header(encoded_header, memo);
  if (!header) return tl::unexpected(std::move(header.error()));
  auto payload = decode_part(encoded_payload, 1);
  if (!payload) return tl::unexpected(std::move(payload.error()));
  auto signature = decode_part(encoded_signature, 2);
  if (!signature) return tl::unexpected(std::move(signature.error()));
  return CompactToken{text, text.substr(0, encoded_header.size() + 1 + encoded_payload.size()), std::move(*header),
                      std::move(*payload), std::move(*signature)};
}

tl::expected<Token, Refusal> parse_token(std::string_view text, HeaderMemo* memo) {
  auto jws = parse_compact(text, false, memo);
  if (!jws) return tl::unexpected(std::move(jws.error()));
  auto claims = parse_object(jws->payload, part_names[1]);
  if (!claims) return tl::unexpected(std::move(claims.error()));
  return Token{std::move(*jws), std::move(*claims)};
}

}  // namespace postern::jose
