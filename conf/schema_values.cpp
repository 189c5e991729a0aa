#include "conf/schema_values.hpp"

#include <algorithm>
#include <limits>

#include "conf/tree.hpp"
#include "conf/tree_json.hpp"

namespace postern::conf::schema {
namespace {

std::string quantity_pattern(std::string_view units, const Spec& spec) {
  const std::string_view digits = spec.zero_word.empty() ? "(0|[1-9][0-9]*)" : "([1-9][0-9]*)";
  std::string pattern = std::string("^(").append(digits).append("(").append(units).append(")");
  if (!spec.zero_word.empty()) pattern.append("|").append(spec.zero_word);
  return pattern + ")$";
}

}  // namespace

Json text(std::string_view value) {
  return Json(std::string(value));
}
Json number(std::uint64_t value) {
  return Json(Json::Number{std::to_string(value)});
}

Json texts(std::span<const std::string_view> values) {
  Json::Array array;
  for (std::string_view value : values) array.push_back(text(value));
  return Json(std::move(array));
}

Json any_of(Json::Array alternatives) {
  return Json(Json::Object{{"anyOf", Json(std::move(alternatives))}});
}

Json typed(std::string_view type) {
  return Json(Json::Object{{"type", text(type)}});
}

Json of_value() {
  return Json(Json::Object{
      {"type", texts(std::to_array<std::string_view>({"string", "number", "boolean", "array", "object"}))}});
}

Json variable() {
  return Json(Json::Object{{"$ref", text("#/$defs/variable")}});
}

Json of_text(std::string_view pattern, bool like_number) {
  Json::Object schema;
  if (like_number) {
    schema.emplace_back("type", texts(std::to_array<std::string_view>({"string", "number", "boolean"})));
  } else {
    schema.emplace_back("type", text("string"));
  }
  if (!pattern.empty()) {
    schema.emplace_back("pattern", Json(std::string("(").append(pattern).append(")|").append(variable_pattern)));
  }
  return Json(std::move(schema));
}

Json of_text(Format format) {
  const FormatRow& row = row_of(format);
  return of_text(row.pattern, row.like_number);
}

Json of_integer(const Spec& spec, std::uint64_t highest) {
  if (!spec.numbers.empty()) {
    Json::Array values;
    for (std::uint32_t value : spec.numbers) values.push_back(number(value));
    return Json(Json::Object{{"enum", Json(std::move(values))}});
  }
  const std::uint64_t least = spec.zero_word.empty() ? spec.min : std::max<std::uint64_t>(spec.min, 1);
  return Json(Json::Object{
      {"type", text("integer")}, {"minimum", number(least)}, {"maximum", number(std::min(spec.max, highest))}});
}

Json of_number(const Spec& spec) {
  Json::Array alternatives = {of_integer(spec, std::numeric_limits<std::uint32_t>::max())};
  if (!spec.zero_word.empty()) alternatives.push_back(Json(Json::Object{{"const", text(spec.zero_word)}}));
  alternatives.push_back(variable());
  return any_of(std::move(alternatives));
}

Json of_duration(const Spec& spec) {
  return of_text(quantity_pattern("ms|s|m|h|d", spec), false);
}

Json of_size(const Spec& spec) {
  return any_of({of_integer(spec, (1ull << 63) - 1), of_text(quantity_pattern("KiB|MiB|GiB", spec), false)});
}

// A word that looks like a number is one to YAML readers, unless it is quoted.
Json of_word(std::span<const std::string_view> words) {
  Json::Array values;
  for (std::string_view word : words) {
    values.push_back(text(word));
    auto plain = to_json(Node::scalar(std::string(word)));
    if (plain && plain->number()) values.push_back(std::move(*plain));
  }
  return any_of({Json(Json::Object{{"enum", Json(std::move(values))}}), variable()});
}

Json of_list(Json item, const Spec& spec) {
  Json::Object list = {{"type", text("array")}, {"items", std::move(item)}};
  if (spec.not_empty) list.emplace_back("minItems", number(1));
  if (spec.unique) list.emplace_back("uniqueItems", Json(true));
  return Json(std::move(list));
}

Json of_claim(const Spec& spec) {
  return any_of({of_text(spec.format), of_list(of_text(spec.format), {.not_empty = true})});
}

Json of_any_or(const Spec& spec) {
  Json item = of_text(spec.format);
  Json not_any(Json::Object{
      {"allOf", Json(Json::Array{item, Json(Json::Object{{"not", Json(Json::Object{{"const", text("any")}})}})})}});
  return any_of(
      {Json(Json::Object{{"const", text("any")}}), item, of_list(not_any, {.not_empty = true, .unique = true})});
}

}  // namespace postern::conf::schema
