#include "state/revocation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>

#include "base/base64.hpp"
#include "base/digest.hpp"
#include "base/json.hpp"

namespace postern::state {
namespace {

constexpr std::size_t text_limit = 16 * 1024;
constexpr double end_of_year_9999 = 253402300800'000;  // beyond it are times given in milliseconds by mistake

using Kind = Revocation::Kind;
struct NamedKind {
  std::string_view member;
  Kind kind;
};
constexpr std::array named_kinds = {NamedKind{"jti", Kind::jti}, NamedKind{"sid", Kind::sid},
                                    NamedKind{"sub", Kind::sub}, NamedKind{"kid", Kind::kid}};

std::string quoted(std::string_view member) {
  return std::string("`").append(member).append("`");
}

// The first member that has no meaning here.
std::optional<std::string> unknown_member(const Json::Object& members) {
  constexpr std::array others = {std::string_view("issuer"), std::string_view("issued_before"),
                                 std::string_view("until")};
  for (const auto& [name, value] : members) {
    const auto is_this = [&member = name](const NamedKind& kind) { return kind.member == member; };
    if (std::any_of(named_kinds.begin(), named_kinds.end(), is_this)) continue;
    if (std::find(others.begin(), others.end(), name) == others.end()) return name;
  }
  return std::nullopt;
}

tl::expected<std::string, std::string> read_text(const Json& json, std::string_view name) {
  const Json* const member = json.find(name);
  if (member == nullptr) return tl::unexpected(quoted(name) + " is missing");
  if (member->string() == nullptr || member->string()->empty()) {
    return tl::unexpected(quoted(name) + " must be a string that is not empty");
  }
  return *member->string();
}

// Nothing when there is none.
tl::expected<std::optional<Millis>, std::string> read_time(const Json& json, std::string_view name) {
  const Json* const member = json.find(name);
  if (member == nullptr) return std::nullopt;
  const auto seconds = member->as_double();
  const double millis = seconds ? std::round(*seconds * 1000) : -1;
  if (millis < 0 || millis >= end_of_year_9999) {
    return tl::unexpected(quoted(name) + " must be a time in seconds since 1970");
  }
  return static_cast<Millis>(millis);
}

std::optional<std::string> read_name(const Json& json, Revocation& revocation) {
  int names = 0;
  for (const auto& [member, kind] : named_kinds) {
    if (json.find(member) == nullptr) continue;
    if (++names > 1) return "only one of `jti`, `sid`, `sub` and `kid` can be revoked at once";
    auto value = read_text(json, member);
    if (!value) return std::move(value.error());
    revocation.kind = kind;
    revocation.value = std::move(*value);
  }
  if (names == 0 && !revocation.before) return "one of `jti`, `sid`, `sub`, `kid` and `issued_before` is needed";
  if (names == 0) revocation.kind = Kind::issuer;
  if (names == 1 && revocation.before && revocation.kind != Kind::sub) {
    return "`issued_before` stands alone or beside `sub`";
  }
  return std::nullopt;
}

std::string seconds_text(Millis time) {
  std::string text = std::to_string(time / 1000);
  if (time % 1000 == 0) return text;
  const std::string fraction = std::to_string(time % 1000);
  return text.append(".").append(3 - fraction.size(), '0').append(fraction);
}

}  // namespace

tl::expected<Revocation, std::string> parse_revocation(std::string_view text,
                                                       const std::function<Millis(const Revocation&)>& usual_until) {
  const auto json = parse_json(text, {.bytes = text_limit});
  if (!json) return tl::unexpected("the revocation is not acceptable JSON: " + json.error().message);
  if (json->object() == nullptr) return tl::unexpected(std::string("the revocation is no JSON object"));
  if (const auto unknown = unknown_member(*json->object()))
    return tl::unexpected(quoted(*unknown) + " is unknown here");
  auto issuer = read_text(*json, "issuer");
  if (!issuer) return tl::unexpected(std::move(issuer.error()));
  auto before = read_time(*json, "issued_before");
  if (!before) return tl::unexpected(std::move(before.error()));
  auto until = read_time(*json, "until");
  if (!until) return tl::unexpected(std::move(until.error()));
  Revocation revocation;
  revocation.issuer = std::move(*issuer);
  revocation.before = *before;
  if (auto fault = read_name(*json, revocation)) return tl::unexpected(std::move(*fault));
  revocation.until = *until ? **until : usual_until(revocation);
  return revocation;
}

std::string format_revocation(const Revocation& revocation) {
  std::string text = "{";
  for (const auto& [member, kind] : named_kinds) {
    if (revocation.kind != kind) continue;
    text.append("\"").append(member).append("\":");
    append_json_string(text, revocation.value);
    text += ',';
  }
  text += "\"issuer\":";
  append_json_string(text, revocation.issuer);
  if (revocation.before) text.append(",\"issued_before\":").append(seconds_text(*revocation.before));
  return text.append(",\"until\":").append(seconds_text(revocation.until)).append("}");
}

std::string jti_of_signing_input(std::string_view signing_input) {
  return encode_base64url(bytes_of(sha256(signing_input)));
}

}  // namespace postern::state
