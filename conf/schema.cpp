// The JSON Schema (2020-12) of the file. It accepts what the loader accepts; names that must exist, ranges of durations
// and the like are the loader's alone. A text with a variable in it passes everywhere, because only the loader can
// expand it.
#include <algorithm>

#include "conf/load.hpp"
#include "conf/outline.hpp"
#include "conf/schema_values.hpp"
#include "conf/tree_json.hpp"

namespace postern::conf {
namespace {

using namespace schema;
using Kind = Shape::Kind;

class SchemaWriter {
 public:
  explicit SchemaWriter(const Outline& outline) : outline_(outline) {}

  Json shape(const Shape& shape) const;
  Json record(const RecordOutline& record, std::string_view without) const;

 private:
  Json own_record(const Shape& record) const;
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
      return of_number(shape.spec);
    case Kind::duration:
      return of_duration(shape.spec);
    case Kind::size:
      return of_size(shape.spec);
    case Kind::word:
      return of_word(shape.words);
    case Kind::text:
      return of_text(shape.spec.format);
    case Kind::file:
    case Kind::secret:
    case Kind::pattern:
      return of_text(".", true);
    case Kind::value:
      return of_value();
    case Kind::claim:
      return of_claim(shape.spec);
    case Kind::any_or:
      return of_any_or(shape.spec);
  }
  return Json(true);
}

// Of a member, which one text may stand for; in a list or a map that is theirs to say.
Json SchemaWriter::own_record(const Shape& record) const {
  if (record.spec.value_member.empty()) return shape(record);
  return any_of({shape(outline_.record(record.record).field(record.spec.value_member).shape), shape(record)});
}

Json SchemaWriter::list(const Shape& list) const {
  const Shape& item = list.item.front();
  Json whole = of_list(shape(item), list.spec);
  if (list.spec.one_or_list) return any_of({shape(item), std::move(whole)});
  if (list.spec.key_member.empty()) return whole;
  const RecordOutline& of_item = outline_.record(item.record);
  Json value = any_of({shape(of_item.field(list.spec.value_member).shape), record(of_item, list.spec.key_member)});
  Json::Object map = {{"type", text("object")},
                      {"propertyNames", of_text(of_item.field(list.spec.key_member).shape.spec.format)},
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
  Json::Object whole = {{"description", text(field.shape.spec.doc)}};
  Json of_shape = field.shape.kind == Kind::record ? own_record(field.shape) : shape(field.shape);
  for (const Json::Member& member : *of_shape.object()) whole.push_back(member);
  if (!field.fallback.is_null()) whole.emplace_back("default", field.fallback);
  return Json(std::move(whole));
}

// That a member was given; a flag that is false says nothing.
Json given(const RecordOutline& record, std::string_view key) {
  Json::Object whole = {{"required", Json(Json::Array{text(key)})}};
  if (record.field(key).flag) {
    Json not_false(Json::Object{{"not", Json(Json::Object{{"const", Json(false)}})}});
    whole.emplace_back("properties", Json(Json::Object{{std::string(key), std::move(not_false)}}));
  }
  return Json(std::move(whole));
}

Json rule_schema(const RecordOutline& record, const Rule& rule) {
  if (rule.kind == Rule::Kind::needs) {
    if (record.field(rule.keys[0]).flag || record.field(rule.keys[1]).flag) {
      return Json(Json::Object{{"if", given(record, rule.keys[0])}, {"then", given(record, rule.keys[1])}});
    }
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
  Json::Object whole = {{"description", text(record.doc)},
                        {"type", text("object")},
                        {"properties", Json(std::move(properties))},
                        {"additionalProperties", Json(false)}};
  if (!required.empty()) whole.emplace_back("required", Json(std::move(required)));
  if (!rules.empty()) whole.emplace_back("allOf", Json(std::move(rules)));
  return Json(std::move(whole));
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
