#include "conf/tree.hpp"

#include <algorithm>
#include <utility>

namespace postern::conf {
namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

const Member* Node::find_member(std::string_view key) const noexcept {
  auto found = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key.text == key; });
  return found == members.end() ? nullptr : &*found;
}

const Node* Node::find(std::string_view key) const noexcept {
  const Member* member = find_member(key);
  return member ? &member->value : nullptr;
}

Node Node::scalar(std::string text, Mark mark) {
  Node node;
  node.kind = Kind::scalar;
  node.text = std::move(text);
  node.mark = mark;
  return node;
}

Node Node::quoted_text(std::string text, Mark mark) {
  Node node = scalar(std::move(text), mark);
  node.quoted = true;
  return node;
}

Node Node::list(std::vector<Node> items, Mark mark) {
  Node node;
  node.kind = Kind::list;
  node.items = std::move(items);
  node.mark = mark;
  return node;
}

Node Node::map(std::vector<Member> members, Mark mark) {
  Node node;
  node.kind = Kind::map;
  node.members = std::move(members);
  node.mark = mark;
  return node;
}

std::string member_path(std::string_view parent, std::string_view key) {
  std::string path(parent);
  if (!key.empty() && std::all_of(key.begin(), key.end(), is_bare)) {
    if (!path.empty()) path += '.';
    return path.append(key);
  }
  return path.append("[\"").append(key).append("\"]");
}

std::string item_path(std::string_view parent, std::size_t index) {
  return std::string(parent).append("[").append(std::to_string(index)).append("]");
}

}  // namespace postern::conf
