#include "conf/expand.hpp"

#include <algorithm>
#include <utility>

namespace postern::conf {
namespace {

bool is_name(std::string_view text) {
  auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_word) && !(text[0] >= '0' && text[0] <= '9');
}

// The value of one `NAME` or `NAME:-default`.
tl::expected<std::string, std::string> look_up(std::string_view inside, const Environment& environment) {
  std::size_t colon = inside.find(":-");
  std::string name(inside.substr(0, colon));
  if (!is_name(name)) {
    return tl::unexpected(std::string("expected `${NAME}` or `${NAME:-default}`; a literal `${` is written `$${`"));
  }
  std::optional<std::string> value = environment(name);
  if (colon != inside.npos) {
    if (!value || value->empty()) return std::string(inside.substr(colon + 2));
  } else if (!value) {
    return tl::unexpected("the environment variable `" + name + "` is not set; `${" + name +
                          ":-default}` gives a default");
  }
  return std::move(*value);
}

void expand_node(Node& node, const std::string& path, const Environment& environment, std::vector<TreeError>& errors) {
  if (node.is_scalar() && node.text.find("${") != node.text.npos) {
    auto expanded = expand(node.text, environment);
    if (expanded) {
      node.expanded = expanded->has_variables;
      node.text = std::move(expanded->text);
    } else {
      errors.push_back({node.mark, path, std::move(expanded.error())});
    }
  }
  for (std::size_t i = 0; i < node.items.size(); ++i)
    expand_node(node.items[i], item_path(path, i), environment, errors);
  for (Member& member : node.members) {
    expand_node(member.value, member_path(path, member.key.text), environment, errors);
  }
}

}  // namespace

tl::expected<Expansion, std::string> expand(std::string_view text, const Environment& environment) {
  Expansion out;
  for (;;) {
    std::size_t at = text.find("${");
    if (at == text.npos) {
      out.text.append(text);
      return out;
    }
    if (at > 0 && text[at - 1] == '$') {
      out.text.append(text.substr(0, at)).append("{");
      text.remove_prefix(at + 2);
      continue;
    }
    out.text.append(text.substr(0, at));
    std::size_t end = text.find('}', at);
    if (end == text.npos) return tl::unexpected(std::string("`${` has no `}`; a literal `${` is written `$${`"));
    auto value = look_up(text.substr(at + 2, end - at - 2), environment);
    if (!value) return tl::unexpected(std::move(value.error()));
    out.text += *value;
    out.has_variables = true;
    text.remove_prefix(end + 1);
  }
}

std::string escape_variables(std::string_view text) {
  std::string out;
  for (std::size_t at; (at = text.find("${")) != text.npos; text.remove_prefix(at + 2)) {
    out.append(text.substr(0, at)).append("$${");
  }
  return out.append(text);
}

void expand_tree(Node& root, const Environment& environment, std::vector<TreeError>& errors) {
  expand_node(root, "", environment, errors);
}

}  // namespace postern::conf
