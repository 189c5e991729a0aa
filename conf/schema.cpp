// The JSON Schema (2020-12) of the file. It accepts what the loader accepts; names that must exist, ranges of durations
// and the like are the loader's alone. A text with a variable in it passes everywhere, because only the loader can
// expand it.
#include <algorithm>

#include "conf/load.hpp"
#include "conf/outline.hpp"
#include "conf/tree.hpp"
#include "conf/tree_json.hpp"

namespace postern::conf {
namespace {

using Kind = Shape::Kind;

constexpr std::string_view variable_pattern = R"(\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\})";

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

// Any value but nothing.
Json value_schema() {
  return Json(Json::Object{
      {"type", texts(std::to_array<std::string_view>({"string", "number", "boolean", "array", "object"}))}});
}

Json variable() {
  return Json(Json::Object{{"$ref", text("#/$defs/variable")}});
}

// A text of that pattern, or one with a variable in it.
Json text_schema(std::string_view pattern, bool like_number) {
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

Json text_schema(Format format) {
  const FormatRow& row = row_of(format);
  return text_schema(row.pattern, row.like_number);
}

std::string quantity_pattern(std::string_view units, const Spec& spec) {
  std::string pattern = "^((0|[1-9][0-9]*)(" + std::string(units) + ")";
  if (!spec.zero_word.empty()) pattern.append("|").append(spec.zero_word);
  return pattern + ")$";
}

Json integer_schema(const Spec& spec, std::uint64_t highest) {
  if (!spec.numbers.empty()) {
    Json::Array values;
    for (std::uint32_t value : spec.numbers) values.push_back(number(value));
    return Json(Json::Object{{"enum", Json(std::move(values))}});
  }
  return Json(Json::Object{
      {"type", text("integer")}, {"minimum", number(spec.min)}, {"maximum", number(std::min(spec.max, highest))}});
}

Json number_schema(const Spec& spec) {
  Json::Array alternatives = {integer_schema(spec, std::numeric_limits<std::uint32_t>::max())};
  if (!spec.zero_word.empty()) alternatives.push_back(Json(Json::Object{{"const", text(spec.zero_word)}}));
  alternatives.push_back(variable());
  return any_of(std::move(alternatives));
}

// A word that looks like a number is one to YAML readers, unless it is quoted.
Json word_schema(std::span<const std::string_view> words) {
  Json::Array values;
  for (std::string_view word : words) {
    values.push_back(text(word));
    auto plain = to_json(Node::scalar(std::string(word)));
    if (plain && plain->number()) values.push_back(std::move(*plain));
  }
  return any_of({Json(Json::Object{{"enum", Json(std::move(values))}}), variable()});
}

Json list_schema(Json item, const Spec& spec) {
  Json::Object list = {{"type", text("array")}, {"items", std::move(item)}};
  if (spec.not_empty) list.emplace_back("minItems", number(1));
  if (spec.unique) list.emplace_back("uniqueItems", Json(true));
  return Json(std::move(list));
}

Json claim_schema(const Spec& spec) {
  return any_of({text_schema(spec.format), list_schema(text_schema(spec.format), {.not_empty = true})});
}

Json any_or_schema(const Spec& spec) {
  Json item = text_schema(spec.format);
  Json not_any(Json::Object{
      {"allOf", Json(Json::Array{item, Json(Json::Object{{"not", Json(Json::Object{{"const", text("any")}})}})})}});
  return any_of(
      {Json(Json::Object{{"const", text("any")}}), item, list_schema(not_any, {.not_empty = true, .unique = true})});
}

class SchemaWriter {
 public:
  explicit SchemaWriter(const Outline& outline) : outline_(outline) {}

  Json shape(const Shape& shape) const;
  Json record(const RecordOutline& record, std::string_view without) const;

 private:
  Json list(const Shape& list) const;
  Json map(const Shape& map) const;
  Json field(const FieldOutline& field) const;

  const Outline& outline_;
};

Json SchemaWriter::shape(const Shape& shape) const {
  switch (shape.kind) {
    case Kind::record:
      return Json(Json::Object{{"$ref", Json(std::string("#/$defs/").append(shape.record))}});
    case Kind::list:
      return list(shape);
    case Kind::map:
      return map(shape);
    case Kind::boolean:
      return any_of({typed("boolean"), variable()});
    case Kind::number:
      return number_schema(shape.spec);
    case Kind::duration:
      return text_schema(quantity_pattern("ms|s|m|h|d", shape.spec), false);
    case Kind::size:
      return any_of({integer_schema(shape.spec, (1ull << 63) - 1),
                     text_schema(quantity_pattern("KiB|MiB|GiB", shape.spec), false)});
    case Kind::word:
      return word_schema(shape.words);
    case Kind::text:
      return text_schema(shape.spec.format);
    case Kind::file:
    case Kind::secret:
    case Kind::pattern:
      return text_schema(".", true);
    case Kind::value:
      return value_schema();
    case Kind::claim:
      return claim_schema(shape.spec);
    case Kind::any_or:
      return any_or_schema(shape.spec);
  }
  return Json(true);
}

Json SchemaWriter::list(const Shape& list) const {
  const Shape& item = list.item.front();
  Json whole = list_schema(shape(item), list.spec);
  if (list.spec.one_or_list) return any_of({shape(item), std::move(whole)});
  if (list.spec.key_member.empty()) return whole;
  const RecordOutline& of_item = outline_.record(item.record);
  Json value = any_of({shape(of_item.field(list.spec.value_member).shape), record(of_item, list.spec.key_member)});
  Json::Object map = {{"type", text("object")},
                      {"propertyNames", text_schema(of_item.field(list.spec.key_member).shape.spec.format)},
                      {"additionalProperties", std::move(value)}};
  if (list.spec.not_empty) map.emplace_back("minProperties", number(1));
  return any_of({Json(std::move(map)), std::move(whole)});
}

Json SchemaWriter::map(const Shape& map) const {
  const Shape& item = map.item.front();
  Json value = shape(item);
  if (!map.spec.value_member.empty()) {
    value = any_of({shape(outline_.record(item.record).field(map.spec.value_member).shape), std::move(value)});
  }
  return Json(
      Json::Object{{"type", text("object")},
                   {"propertyNames", Json(Json::Object{{"pattern", text(row_of(map.spec.key_format).pattern)}})},
                   {"additionalProperties", std::move(value)}});
}

Json SchemaWriter::field(const FieldOutline& field) const {
  Json::Object schema = {{"description", text(field.shape.spec.doc)}};
  Json of_shape = shape(field.shape);
  for (const Json::Member& member : *of_shape.object()) schema.push_back(member);
  if (!field.fallback.is_null()) schema.emplace_back("default", field.fallback);
  return Json(std::move(schema));
}

// That a member was given; a flag that is false says nothing.
Json given(const RecordOutline& record, std::string_view key) {
  Json::Object schema = {{"required", Json(Json::Array{text(key)})}};
  if (record.field(key).flag) {
    Json not_false(Json::Object{{"not", Json(Json::Object{{"const", Json(false)}})}});
    schema.emplace_back("properties", Json(Json::Object{{std::string(key), std::move(not_false)}}));
  }
  return Json(std::move(schema));
}

Json rule_schema(const RecordOutline& record, const Rule& rule) {
  if (rule.kind == Rule::Kind::needs) {
    Json other(Json::Array{text(rule.keys[1])});
    return Json(Json::Object{{"dependentRequired", Json(Json::Object{{std::string(rule.keys[0]), std::move(other)}})}});
  }
  Json::Array alternatives;
  for (std::string_view key : rule.keys) alternatives.push_back(given(record, key));
  if (rule.kind == Rule::Kind::at_least_one) return any_of(std::move(alternatives));
  if (rule.kind == Rule::Kind::at_most_one) {
    Json none(Json::Object{{"not", any_of(alternatives)}});
    alternatives.push_back(std::move(none));
  }
  return Json(Json::Object{{"oneOf", Json(std::move(alternatives))}});
}

Json SchemaWriter::record(const RecordOutline& record, std::string_view without) const {
  Json::Object properties;
  Json::Array required, rules;
  for (const FieldOutline& member : record.fields) {
    if (member.key == without) continue;
    properties.emplace_back(std::string(member.key), field(member));
    if (member.shape.spec.required) required.push_back(text(member.key));
  }
  for (const Rule& rule : record.rules) rules.push_back(rule_schema(record, rule));
  Json::Object schema = {{"description", text(record.doc)},
                         {"type", text("object")},
                         {"properties", Json(std::move(properties))},
                         {"additionalProperties", Json(false)}};
  if (!required.empty()) schema.emplace_back("required", Json(std::move(required)));
  if (!rules.empty()) schema.emplace_back("allOf", Json(std::move(rules)));
  return Json(std::move(schema));
}

}  // namespace

std::string json_schema() {
  const Outline whole = outline();
  SchemaWriter writer(whole);
  Json::Object definitions;
  for (const RecordOutline& record : whole.records)
    definitions.emplace_back(std::string(record.name), writer.record(record, {}));
  definitions.emplace_back(
      "variable", Json(Json::Object{{"description", text("An environment variable, expanded when the file is loaded.")},
                                    {"type", text("string")},
                                    {"pattern", text(variable_pattern)}}));
  return pretty(Json(Json::Object{{"$schema", text("https://json-schema.org/draft/2020-12/schema")},
                                  {"title", text("postern configuration")},
                                  {"$ref", Json(std::string("#/$defs/").append(whole.records.front().name))},
                                  {"$defs", Json(std::move(definitions))}}));
}

}  // namespace postern::conf
