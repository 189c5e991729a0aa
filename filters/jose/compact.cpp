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

std::string_view text_member(const Json& header, std::string_view name) noexcept {
  const Json* member = header.find(name);
  return member != nullptr && member->string() != nullptr ? std::string_view(*member->string()) : std::string_view();
}

}  // namespace

std::string_view CompactToken::alg() const noexcept {
  return text_member(header, "alg");
}
std::string_view CompactToken::kid() const noexcept {
  return text_member(header, "kid");
}

tl::expected<CompactToken, Refusal> parse_compact(std::string_view text, bool empty_payload) {
  if (text.empty()) return malformed("the token is empty");
  const auto parts = split(text);
  if (!parts) return malformed(wrong_count(text));
  std::array<std::string, 3> decoded;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const std::string name(part_names[i]);
    if ((*parts)[i].empty() && !(empty_payload && i == 1)) return malformed("the " + name + " is empty");
    auto bytes = decode_base64url((*parts)[i]);
    if (!bytes) return malformed("the " + name + " is not strict base64url");
    decoded[i] = std::move(*bytes);
  }
  auto header = parse_object(decoded[0], part_names[0]);
  if (!header) return tl::unexpected(std::move(header.error()));
  if (auto fault = header_fault(*header)) return malformed(std::move(*fault));
  return CompactToken{text.substr(0, (*parts)[0].size() + 1 + (*parts)[1].size()), std::move(*header),
                      std::move(decoded[1]), std::move(decoded[2])};
}

tl::expected<Token, Refusal> parse_token(std::string_view text) {
  auto jws = parse_compact(text);
  if (!jws) return tl::unexpected(std::move(jws.error()));
  auto claims = parse_object(jws->payload, part_names[1]);
  if (!claims) return tl::unexpected(std::move(claims.error()));
  return Token{std::move(*jws), std::move(*claims)};
}

}  // namespace postern::jose
