// JSON values of what tokens and replies are made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace postern::token_service {

inline Json json_text(std::string_view text) {
  return Json(std::string(text));
}

inline Json json_texts(const std::vector<std::string>& texts) {
  Json::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return Json(std::move(array));
}

// Without the fraction.
inline Json json_seconds(double seconds) {
  return Json(Json::Number{std::to_string(static_cast<long long>(seconds))});
}

// The text of an object's member; empty when it is left out or something else.
inline std::string_view text_of(const Json& object, std::string_view name) {
  const Json* const member = object.find(name);
  return member != nullptr && member->string() != nullptr ? std::string_view(*member->string()) : std::string_view();
}

}  // namespace postern::token_service
