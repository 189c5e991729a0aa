#include "conf/printer.hpp"

#include "conf/expand.hpp"
#include "conf/fields.hpp"
#include "conf/load.hpp"
#include "conf/scalars.hpp"
#include "conf/tree_json.hpp"

namespace postern::conf {
namespace {

Node escaped_text(const std::string& value) {
  return Node::quoted_text(escape_variables(value));
}

void escape_scalars(Node& node) {
  if (node.is_scalar()) node.text = escape_variables(node.text);
  for (Node& item : node.items) escape_scalars(item);
  for (Member& member : node.members) escape_scalars(member.value);
}

// Numbers that have a word for 0.
Node number_or_word(std::string number, bool is_zero, const Spec& spec) {
  if (is_zero && !spec.zero_word.empty()) return Node::quoted_text(std::string(spec.zero_word));
  return Node::scalar(std::move(number));
}

}  // namespace

Node Printer::print(bool& value, const Spec&) {
  return Node::scalar(value ? "true" : "false");
}

Node Printer::print(std::uint32_t& value, const Spec& spec) {
  return number_or_word(std::to_string(value), value == 0, spec);
}

Node Printer::print(Duration& value, const Spec& spec) {
  return number_or_word(format_duration(value), value.count() == 0, spec);
}

Node Printer::print(Bytes& value, const Spec& spec) {
  return number_or_word(format_bytes(value), value.count == 0, spec);
}

Node Printer::print(std::string& value, const Spec&) {
  return value.empty() ? Node() : escaped_text(value);
}

Node Printer::print(FilePath& value, const Spec&) {
  return value.empty() ? Node() : escaped_text(value.written);
}

Node Printer::print(Secret& value, const Spec&) {
  return value.empty() ? Node() : Node::quoted_text(std::string(redacted));
}

Node Printer::print(Json& value, const Spec&) {
  Node node = to_tree(value);
  escape_scalars(node);
  return node;
}

Node Printer::print(ClaimName& value, const Spec& spec) {
  if (auto* name = std::get_if<std::string>(&value.path)) return print(*name, spec);
  return print(std::get<1>(value.path), spec);
}

Node Printer::print(AnyOr& value, const Spec& spec) {
  if (value.any) return Node::quoted_text("any");
  return print(value.names, spec);
}

Node Printer::print(Pattern& value, const Spec&) {
  return escaped_text(value.text());
}

Node to_tree(const Config& config) {
  Config copy = config;  // the table's functions take members they could change
  return Printer().print(copy, {});
}

std::string print_yaml(const Config& config) {
  return write_tree(to_tree(config));
}

}  // namespace postern::conf
