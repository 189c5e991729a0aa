#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "conf/tree.hpp"

namespace postern::conf {
namespace {

constexpr std::string_view safe_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:+*$ ";

// True for a text that every YAML reader takes for the same string without quotes.
bool is_plain_word(std::string_view text) {
  if (text.empty() || text.find_first_not_of(safe_characters) != text.npos) return false;
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!is_letter(text.front()) && text.front() != '/') return false;
  if (text.back() == ' ' || text.back() == ':' || text.find(": ") != text.npos) return false;
  constexpr std::array<std::string_view, 10> reserved = {"true", "false", "null", "yes", "no",
                                                         "on",   "off",   "y",    "n",   "nan"};
  return std::find(reserved.begin(), reserved.end(), lower(text)) == reserved.end();
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_scalar(std::string& out, const Node& node) {
  if (!node.quoted || is_plain_word(node.text)) {
    out += node.text;
  } else {
    append_quoted(out, node.text);
  }
}

bool is_block(const Node& node) {
  return (node.is_map() && !node.members.empty()) || (node.is_list() && !node.items.empty());
}

void append_inline(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      out += "null";
      break;
    case Node::Kind::scalar:
      append_scalar(out, node);
      break;
    case Node::Kind::list:
      out += "[]";
      break;
    case Node::Kind::map:
      out += "{}";
      break;
  }
}

void append_block(std::string& out, const Node& node, std::size_t indent, bool first_is_indented);

void append_members(std::string& out, const Node& node, std::size_t indent, bool first_is_indented) {
  for (const Member& member : node.members) {
    if (!first_is_indented) out.append(indent, ' ');
    first_is_indented = false;
    append_scalar(out, member.key);
    out += ':';
    if (is_block(member.value)) {
      out += '\n';
      append_block(out, member.value, indent + 2, false);
    } else {
      out += ' ';
      append_inline(out, member.value);
      out += '\n';
    }
  }
}

void append_items(std::string& out, const Node& node, std::size_t indent, bool first_is_indented) {
  for (const Node& item : node.items) {
    if (!first_is_indented) out.append(indent, ' ');
    first_is_indented = false;
    out += "- ";
    if (is_block(item)) {
      append_block(out, item, indent + 2, true);
    } else {
      append_inline(out, item);
      out += '\n';
    }
  }
}

void append_block(std::string& out, const Node& node, std::size_t indent, bool first_is_indented) {
  if (node.is_map()) {
    append_members(out, node, indent, first_is_indented);
  } else {
    append_items(out, node, indent, first_is_indented);
  }
}

}  // namespace

std::string write_tree(const Node& root) {
  std::string out;
  if (is_block(root)) {
    append_block(out, root, 0, false);
  } else {
    append_inline(out, root);
    out += '\n';
  }
  return out;
}

}  // namespace postern::conf
