#include "filters/jose/claims.hpp"

#include <charconv>

#include "base/base64.hpp"

namespace postern::jose {
namespace {

std::vector<std::string> split_at_dots(std::string_view text) {
  std::vector<std::string> segments;
  for (;;) {
    const auto dot = text.find('.');
    segments.emplace_back(text.substr(0, dot));
    if (dot == text.npos) return segments;
    text.remove_prefix(dot + 1);
  }
}

const Json* find_element(const Json::Array& array, std::string_view segment) noexcept {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), index);
  if (error != std::errc{} || end != segment.data() + segment.size()) return nullptr;
  return index < array.size() ? &array[index] : nullptr;
}

}  // namespace

std::string_view identifier(const Json& claims, std::string_view name) noexcept {
  const Json* const claim = claims.find(name);
  if (claim == nullptr) return {};
  if (const std::string* const text = claim->string()) return *text;
  const Json::Number* const number = claim->number();
  return number != nullptr ? std::string_view(number->text) : std::string_view();
}

ClaimPath ClaimPath::from_text(std::string text) {
  ClaimPath path;
  path.segments_ = split_at_dots(text);
  path.text_ = std::move(text);
  return path;
}

ClaimPath ClaimPath::from_segments(std::vector<std::string> segments) {
  ClaimPath path;
  path.text_ += '[';
  for (const std::string& segment : segments) {
    if (path.text_.size() > 1) path.text_ += ", ";
    path.text_ += segment;
  }
  path.text_ += ']';
  path.segments_ = std::move(segments);
  path.literal_first_ = false;
  return path;
}

const Json* ClaimPath::find(const Json& claims) const noexcept {
  if (literal_first_) {
    if (const Json* literal = claims.find(text_)) return literal;
  }
  const Json* value = &claims;
  for (const std::string& segment : segments_) {
    value = value->array() != nullptr ? find_element(*value->array(), segment) : value->find(segment);
    if (value == nullptr) return nullptr;
  }
  return value;
}

const std::string& Claims::payload() const {
  if (!payload_) {
    const std::size_t begin = token_.find('.') + 1;
    const std::size_t end = token_.find('.', begin);
    payload_ = decode_base64url(std::string_view(token_).substr(begin, end - begin)).value();  // it was before
  }
  return *payload_;
}

const Json& Claims::json() const {
  if (!json_) json_ = parse_json(payload()).value();  // it was parsed before
  return *json_;
}

void Claims::release_parsed() noexcept {
  payload_.reset();
  json_.reset();
}

}  // namespace postern::jose
