// The reference of the configuration file in Markdown.
#include "conf/load.hpp"
#include "conf/outline.hpp"
#include "conf/scalars.hpp"

namespace postern::conf {
namespace {

using Kind = Shape::Kind;

constexpr std::string_view introduction = R"(# The configuration file

<!-- Written by `postern config reference`; edit the field table in conf/fields_*.hpp instead. -->

One YAML file. `postern validate -c FILE` tells everything that is wrong with it, each as `file:line:col: path: message`, and
prints what each route asks for. Editors complete and check it with the schema that `postern config schema` prints: put
`# yaml-language-server: $schema=postern.schema.json` into the first line. [conf/examples](../conf/examples) has a file for each
of the usual identity providers.

Notation:

- **durations** are an integer with a unit: `250ms`, `5s`, `2m`, `1h`, `7d`; **sizes** are bytes or have a unit: `512`, `16KiB`,
  `1MiB`, `2GiB`;
- **`${VAR}`** in a value stands for the environment variable, **`${VAR:-default}`** has a default for one that is not set or
  empty, `$${` writes a literal `${`. They are expanded after the file is parsed and cannot change its form. Within `{...}`
  and `[...]` they need quotes: `"${VAR}"`;
- **relative files and folders** start at the folder of the configuration file;
- unknown keys, keys given twice, merge keys (`<<`) and a second document are errors; anchors and aliases work.
)";

std::string code(std::string_view text) {
  return std::string("`").append(text).append("`");
}

std::string words(std::span<const std::string_view> all) {
  std::string out;
  for (std::string_view word : all) out.append(out.empty() ? "" : ", ").append(code(word));
  return out;
}

std::string in_table(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != text.npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

std::string with_zero_word(std::string type, const Spec& spec) {
  return spec.zero_word.empty() ? type : type + " or " + code(spec.zero_word);
}

std::string number_type(const Spec& spec) {
  if (spec.numbers.empty()) return with_zero_word("a number", spec);
  std::string out;
  for (std::uint32_t value : spec.numbers) out.append(out.empty() ? "" : ", ").append(code(std::to_string(value)));
  return out;
}

std::string type_of(const Shape& shape);

std::string list_type(const Shape& shape) {
  const Shape& item = shape.item.front();
  if (!shape.spec.key_member.empty()) return "a map or a list, each " + type_of(item);
  return (shape.spec.one_or_list ? "one or a list, each " : "a list, each ") + type_of(item);
}

std::string type_of(const Shape& shape) {
  switch (shape.kind) {
    case Kind::record:
      return std::string("[").append(shape.record).append("](#").append(shape.record).append(")");
    case Kind::list:
      return list_type(shape);
    case Kind::map:
      return "a map, each " + type_of(shape.item.front());
    case Kind::boolean:
      return "`true` or `false`";
    case Kind::number:
      return number_type(shape.spec);
    case Kind::duration:
      return with_zero_word("a duration", shape.spec);
    case Kind::size:
      return with_zero_word("a size", shape.spec);
    case Kind::word:
      return words(shape.words);
    case Kind::text:
      return std::string(row_of(shape.spec.format).title);
    case Kind::file:
      return shape.spec.folder ? "a folder" : "a file";
    case Kind::secret:
      return "a secret";
    case Kind::pattern:
      return "a pattern";
    case Kind::value:
      return "any value";
    case Kind::claim:
      return "a claim";
    case Kind::any_or:
      return "`any`, one or a list of texts";
  }
  return {};
}

std::string bound(const Shape& shape, std::uint64_t value) {
  if (shape.kind == Kind::duration) return format_duration(Duration(static_cast<Duration::rep>(value)));
  return shape.kind == Kind::size ? format_bytes(Bytes{value}) : std::to_string(value);
}

std::string range_of(const Shape& shape) {
  const Spec& spec = shape.spec;
  if (spec.max != unlimited)
    return " From " + code(bound(shape, spec.min)) + " to " + code(bound(shape, spec.max)) + ".";
  return spec.min > 0 ? " At least " + code(bound(shape, spec.min)) + "." : std::string();
}

std::string fallback_of(const FieldOutline& field) {
  if (field.shape.spec.required) return "**required**";
  if (field.fallback.is_null()) return "";
  if (const std::string* text = field.fallback.string()) return code(*text);
  return code(field.fallback.to_text());
}

std::string rule_sentence(const Rule& rule) {
  switch (rule.kind) {
    case Rule::Kind::exactly_one:
      return "Exactly one of " + words(rule.keys) + ": " + std::string(rule.why) + ".";
    case Rule::Kind::at_least_one:
      return "At least one of " + words(rule.keys) + ": " + std::string(rule.why) + ".";
    case Rule::Kind::at_most_one:
      return "At most one of " + words(rule.keys) + ": " + std::string(rule.why) + ".";
    case Rule::Kind::needs:
      return code(rule.keys[0]) + " needs " + code(rule.keys[1]) + ".";
  }
  return {};
}

// A member's; of a record that one text may stand for, both.
std::string own_type_of(const Shape& shape) {
  if (shape.kind != Kind::record || shape.spec.value_member.empty()) return type_of(shape);
  return "its " + code(shape.spec.value_member) + " alone, or " + type_of(shape);
}

void append_record(std::string& out, const RecordOutline& record) {
  out.append("\n## ").append(record.name).append("\n\n").append(record.doc).append("\n\n");
  out += "| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const FieldOutline& field : record.fields) {
    out.append("| ").append(code(field.key)).append(" | ").append(in_table(own_type_of(field.shape))).append(" | ");
    out.append(in_table(fallback_of(field))).append(" | ").append(in_table(std::string(field.shape.spec.doc)));
    out.append(range_of(field.shape)).append(" |\n");
  }
  if (!record.rules.empty()) out += '\n';
  for (const Rule& rule : record.rules) out.append("- ").append(rule_sentence(rule)).append("\n");
}

}  // namespace

std::string reference_markdown() {
  std::string out(introduction);
  const Outline whole = outline();
  for (const RecordOutline& record : whole.records) append_record(out, record);
  return out;
}

}  // namespace postern::conf
