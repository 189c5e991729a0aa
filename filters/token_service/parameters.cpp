#include "filters/token_service/parameters.hpp"

#include <optional>
#include <utility>

#include "base/json.hpp"
#include "base/percent.hpp"
#include "base/utf8.hpp"
#include "gateway/http/head.hpp"
#include "gateway/http/list_parts.hpp"

namespace postern::token_service {
namespace {

using http::equals_folded;
using http::split_pair;
using http::take_part;
using http::trim;

tl::unexpected<Refusal> malformed(std::string detail) {
  return tl::unexpected(Refusal(Reason::request_malformed, std::move(detail)));
}

enum class BodyType : std::uint8_t { form, json, other };

// Other parameters than `charset` are ignored (RFC 9110 section 8.3).
BodyType type_of(std::string_view content_type) {
  std::string_view rest = content_type;
  const std::string_view media_type = trim(take_part(rest, ';'));
  while (!rest.empty()) {
    const http::NameAndValue parameter = split_pair(trim(take_part(rest, ';')));
    if (!equals_folded(parameter.name, "charset")) continue;
    if (!equals_folded(parameter.value, "utf-8") && !equals_folded(parameter.value, "\"utf-8\"")) {
      return BodyType::other;
    }
  }
  if (equals_folded(media_type, "application/x-www-form-urlencoded")) return BodyType::form;
  return equals_folded(media_type, "application/json") ? BodyType::json : BodyType::other;
}

bool is_text(std::string_view value) noexcept {
  return http::is_field_value(value) && is_utf8(value);
}

std::optional<Secret> text_of(const Json& value) {
  if (value.is_null()) return Secret();
  if (const bool* flag = value.boolean()) return Secret(*flag ? "true" : "false");
  if (const std::string* text = value.string()) return Secret(*text);
  return std::nullopt;
}

}  // namespace

tl::expected<Parameters, Refusal> Parameters::parse(std::string_view content_type, std::string_view body,
                                                    Accepts accepts) {
  Parameters parameters;
  if (body.empty()) return parameters;
  const BodyType type = type_of(content_type);
  if (type == BodyType::other || (type == BodyType::json && accepts == Accepts::form)) {
    return malformed("a body of this Content-Type is not accepted here");
  }
  const auto added = type == BodyType::form ? parameters.add_form(body) : parameters.add_json(body);
  if (!added) return tl::unexpected(added.error());
  return parameters;
}

tl::expected<void, Refusal> Parameters::add(std::string name, Secret value) {
  if (!is_text(name) || !is_text(value.reveal())) return malformed("a parameter holds what is no text");
  if (!values_.try_emplace(std::move(name), std::move(value)).second)
    return malformed("a parameter stands there twice");
  if (values_.size() > most) return malformed("more than " + std::to_string(most) + " parameters");
  return {};
}

tl::expected<void, Refusal> Parameters::add_form(std::string_view body) {
  while (!body.empty()) {
    const std::string_view part = take_part(body, '&');
    if (part.empty()) continue;
    const http::NameAndValue pair = split_pair(part);
    auto name = decode_form(pair.name);
    auto value = decode_form(pair.value);
    if (!name || !value) return malformed("a parameter is not form-urlencoded");
    if (auto added = add(std::move(*name), Secret(std::move(*value))); !added) return added;
  }
  return {};
}

tl::expected<void, Refusal> Parameters::add_json(std::string_view body) {
  const auto json = parse_json(body, {.bytes = body.size(), .depth = 1, .values = most + 1});
  if (!json) return malformed("the body is not acceptable JSON: " + json.error().message);
  if (json->object() == nullptr) return malformed("the body is no JSON object");
  for (const Json::Member& member : *json->object()) {
    auto value = text_of(member.second);
    if (!value) return malformed("a parameter is neither text nor boolean");
    if (auto added = add(member.first, std::move(*value)); !added) return added;
  }
  return {};
}

std::string_view Parameters::text(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string_view() : found->second.reveal();
}

Secret Parameters::secret(std::string_view name) const {
  return Secret(std::string(text(name)));
}

}  // namespace postern::token_service
