#include "conf/loader.hpp"

#include <algorithm>

#include "conf/suggest.hpp"

namespace postern::conf {
Loader::Step::Step(Loader& loader, const Member& member) : loader_(loader), size_(loader.path_.size()) {
  loader.path_ = member_path(loader.path_, member.key.text);
  const Mark& mark = member.value.is_scalar() ? member.value.mark : member.key.mark;
  loader.problems_.places().set(loader.path_, loader.at(mark));
}

Loader::Step::Step(Loader& loader, std::size_t index, const Mark& mark) : loader_(loader), size_(loader.path_.size()) {
  loader.path_ = item_path(loader.path_, index);
  loader.problems_.places().set(loader.path_, loader.at(mark));
}

std::string Loader::at(const Mark& mark) const {
  return file_ + ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column);
}

void Loader::fail(std::string message) {
  if (!problems_.is_settled(path_)) problems_.add(path_, std::move(message));
}

void Loader::fail_kind(const Node& node, std::string_view expected) {
  std::string sentence = "expected ";
  sentence += expected;
  switch (node.kind) {
    case Node::Kind::null:
      sentence = "has no value; " + sentence;
      break;
    case Node::Kind::scalar:
      sentence += ", got a single value";
      break;
    case Node::Kind::list:
      sentence += ", got a list";
      break;
    case Node::Kind::map:
      sentence += ", got a map";
      break;
  }
  fail(std::move(sentence));
}

const std::string* Loader::read_text(const Node& node, std::string_view expected) {
  if (!node.is_scalar()) return fail_kind(node, expected), nullptr;
  if (node.text.empty()) return fail("must not be empty"), nullptr;
  return &node.text;
}

const std::string* Loader::read_number(const Node& node, std::string_view expected) {
  if (!node.is_scalar()) return fail_kind(node, expected), nullptr;
  if (node.quoted && !node.expanded)
    return fail(std::string("expected ").append(expected).append(", without quotes")), nullptr;
  return &node.text;
}

std::span<const Node> Loader::items_of(const Node& node, const Spec& spec) {
  if (node.is_list()) {
    if (node.items.empty() && spec.not_empty) fail("must not be empty");
    return node.items;
  }
  if (spec.one_or_list && node.is_scalar()) return {&node, 1};
  fail_kind(node, spec.key_member.empty() ? "a list" : "a map or a list");
  return {};
}

Node Loader::unfold_value(const Node& node, std::string_view member) const {
  return Node::map({{Node::scalar(std::string(member), node.mark), node}}, node.mark);
}

Node Loader::unfold_map(const Node& node, const Spec& spec) {
  std::vector<Node> items;
  for (const Member& member : node.members) {
    std::vector<Member> members = {{Node::scalar(std::string(spec.key_member), member.key.mark), member.key}};
    if (member.value.find(spec.key_member)) {
      problems_.add_at(at(member.key.mark), member_path(path_, member.key.text),
                       std::string("`").append(spec.key_member).append("` is what stands before the colon already"));
    }
    if (!member.value.is_map()) {
      members.push_back({Node::scalar(std::string(spec.value_member), member.key.mark), member.value});
    }
    for (const Member& inner : member.value.members) {
      if (inner.key.text != spec.key_member) members.push_back(inner);
    }
    items.push_back(Node::map(std::move(members), member.key.mark));
  }
  return Node::list(std::move(items), node.mark);
}

void Loader::check_key(const Node& key, Format format) {
  if (auto complaint = judge(format, key.text)) problems_.add_at(at(key.mark), path_, "the key " + *complaint);
}

void Loader::check_keys(const Node& node, std::span<const std::string_view> known) {
  for (const Member& member : node.members) {
    const std::string& key = member.key.text;
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    problems_.add_at(at(member.key.mark), member_path(path_, key), "unknown key" + suggestion(key, known));
    std::string_view meant = nearest(key, known);
    if (!meant.empty()) problems_.settle(member_path(path_, meant));
  }
}

void tell(const std::vector<TreeError>& errors, const std::string& file, Problems& problems) {
  for (const TreeError& error : errors) {
    std::string where = file + ":" + std::to_string(error.mark.line) + ":" + std::to_string(error.mark.column);
    problems.add_at(std::move(where), error.path, error.message);
  }
}

}  // namespace postern::conf
