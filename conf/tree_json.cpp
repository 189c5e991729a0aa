#include "conf/tree_json.hpp"

#include <algorithm>

#include "base/pattern.hpp"

namespace postern::conf {
namespace {

Pattern compiled(const std::string& text) {
  return std::move(*Pattern::compile(text));
}

// RFC 8259 section 6.
bool is_json_number(std::string_view text) {
  static const Pattern number = compiled(R"(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)");
  return number.matches(text);
}

// What some YAML readers take for a number, a date, a boolean or null, and others for a string.
bool is_ambiguous(std::string_view text) {
  static const Pattern number = compiled(
      R"([-+]?([0-9][0-9_]*|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|([0-9][0-9_]*\.[0-9_]*|\.[0-9_]+)([eE][-+]?[0-9]+)?)"
      R"(|[0-9]+[eE][-+]?[0-9]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?))");
  static const Pattern date = compiled(R"([0-9]{4}-[0-9][0-9]?-[0-9][0-9]?([Tt ].*)?)");
  static const Pattern word = compiled(R"((?i)(true|false|null|yes|no|on|off|[-+]?\.inf|\.nan))");
  return number.matches(text) || date.matches(text) || word.matches(text);
}

tl::expected<Json, std::string> scalar_to_json(const Node& node) {
  if (node.quoted) return Json(node.text);
  if (node.text == "true" || node.text == "false") return Json(node.text == "true");
  if (is_json_number(node.text)) return Json(Json::Number{node.text});
  if (is_ambiguous(node.text)) {
    return tl::unexpected(std::string(
        "YAML readers disagree about this value: put a text in quotes; write booleans as `true` or `false` and "
        "numbers without leading zeros"));
  }
  return Json(node.text);
}

void append_pretty(std::string& out, const Json& value, std::size_t indent);

// One item or member on a line of its own.
template <class Container, class Append>
void append_lines(std::string& out, const Container& container, std::size_t indent, std::string_view brackets,
                  Append append) {
  out += brackets[0];
  for (std::size_t i = 0; i < container.size(); ++i) {
    out.append(i == 0 ? "\n" : ",\n").append(indent + 2, ' ');
    append(container[i]);
  }
  out.append("\n").append(indent, ' ') += brackets[1];
}

void append_pretty(std::string& out, const Json& value, std::size_t indent) {
  const Json::Object* object = value.object();
  const Json::Array* array = value.array();
  if (object && !object->empty()) {
    append_lines(out, *object, indent, "{}", [&](const Json::Member& member) {
      append_json_string(out, member.first);
      out += ": ";
      append_pretty(out, member.second, indent + 2);
    });
  } else if (array && std::any_of(array->begin(), array->end(), [](const Json& item) { return item.object(); })) {
    append_lines(out, *array, indent, "[]", [&](const Json& item) { append_pretty(out, item, indent + 2); });
  } else {
    out += value.to_text();
  }
}

}  // namespace

tl::expected<Json, std::string> to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return Json();
    case Node::Kind::scalar:
      return scalar_to_json(node);
    case Node::Kind::list: {
      Json::Array array;
      for (const Node& item : node.items) {
        auto value = to_json(item);
        if (!value) return value;
        array.push_back(std::move(*value));
      }
      return Json(std::move(array));
    }
    case Node::Kind::map: {
      Json::Object object;
      for (const Member& member : node.members) {
        auto value = to_json(member.value);
        if (!value) return value;
        object.emplace_back(member.key.text, std::move(*value));
      }
      return Json(std::move(object));
    }
  }
  return Json();
}

Node to_tree(const Json& value) {
  if (const std::string* text = value.string()) return Node::quoted_text(*text);
  if (const Json::Array* array = value.array()) {
    Node list = Node::list({});
    for (const Json& item : *array) list.items.push_back(to_tree(item));
    return list;
  }
  if (const Json::Object* object = value.object()) {
    Node map = Node::map({});
    for (const auto& [name, member] : *object) map.members.push_back({Node::quoted_text(name), to_tree(member)});
    return map;
  }
  return value.is_null() ? Node() : Node::scalar(value.to_text());
}

std::string pretty(const Json& value) {
  std::string out;
  append_pretty(out, value, 0);
  return out += '\n';
}

}  // namespace postern::conf
