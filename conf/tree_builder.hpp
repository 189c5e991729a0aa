// Builds a tree from the YAML library's events. Events, not the library's nodes: they keep duplicate keys, and say
// where aliases stand before anything is copied. For yaml_reader.cpp alone.
#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conf/tree.hpp"

namespace postern::conf {

inline Mark to_mark(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

inline std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const Member& member : node.members) count += 1 + count_nodes(member.value);
  return count;
}

inline std::size_t depth_of(const Node& node) {
  std::size_t below = 0;
  for (const Node& item : node.items) below = std::max(below, depth_of(item));
  for (const Member& member : node.members) below = std::max(below, depth_of(member.value));
  return node.items.empty() && node.members.empty() ? 0 : below + 1;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const TreeLimits& limits) : limits_(limits) {}

  Node take_root() { return std::move(root_); }
  std::vector<TreeError> take_errors() { return std::move(errors_); }
  std::optional<Mark> last_quoted() const { return last_quoted_; }
  // The path of the innermost value that was begun, for syntax errors.
  std::string path() const { return stack_.empty() ? std::string() : child_path(); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark&, const std::string&) override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    // The parser marks a value that was left out where the next token stands.
    node.mark = awaits_value() ? stack_.back().key->mark : to_mark(mark);
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(mark, "an alias cannot stand inside the value that it names");
    copied_ += count_nodes(found->second);
    if (copied_ > limits_.copied_nodes)
      stop(mark, "aliases make more than " + std::to_string(limits_.copied_nodes) + " values");
    if (stack_.size() + depth_of(found->second) > limits_.depth) stop_depth(mark);
    Node copy = found->second;
    copy.mark = to_mark(mark);
    add(std::move(copy), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = Node::scalar(value, to_mark(mark));
    if (tag == "!" || tag == "tag:yaml.org,2002:str") {
      node.quoted = true;
      last_quoted_ = node.mark;
    } else if (tag != "?" && !tag.empty()) {
      stop(mark, "tags are not supported");
    }
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(Node::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Node> key;  // of a map: read, its value not yet
    std::map<std::string, Mark> keys;
  };

  [[noreturn]] static void stop(const YAML::Mark& mark, const std::string& message) {
    throw YAML::ParserException(mark, message);
  }
  [[noreturn]] void stop_depth(const YAML::Mark& mark) const {
    stop(mark, "is nested deeper than " + std::to_string(limits_.depth) + " levels");
  }

  bool awaits_value() const { return !stack_.empty() && stack_.back().node.is_map() && stack_.back().key; }

  void begin(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (tag != "?" && !tag.empty()) stop(mark, "tags are not supported");
    if (stack_.size() >= limits_.depth) stop_depth(mark);
    if (!stack_.empty() && stack_.back().node.is_map() && !stack_.back().key) stop(mark, "a key must be a plain word");
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = to_mark(mark);
    frame.anchor = anchor;
    stack_.push_back(std::move(frame));
  }

  void end() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    add(std::move(frame.node), frame.anchor);
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (++count_ + copied_ > limits_.nodes) {
      throw YAML::ParserException(YAML::Mark(), "holds more than " + std::to_string(limits_.nodes) + " values");
    }
    if (anchor != 0) anchors_[anchor] = node;
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      begin_member(frame, std::move(node));
    } else {
      end_member(frame, std::move(node));
    }
  }

  void begin_member(Frame& frame, Node key) {
    if (!key.is_scalar()) fail(key.mark, path_of_stack(), "a key must be a plain word");
    frame.key = std::move(key);
  }

  void end_member(Frame& frame, Node value) {
    Node key = std::move(*frame.key);
    frame.key.reset();
    std::string path = member_path(path_of_stack(), key.text);
    if (key.text == "<<" && !key.quoted) {
      fail(key.mark, path,
           "merge keys (`<<`) are not supported: write the members out, or give the whole value by an alias");
      return;
    }
    auto [first, inserted] = frame.keys.emplace(key.text, key.mark);
    if (!inserted) {
      fail(key.mark, path, "is given twice; the first is at line " + std::to_string(first->second.line));
      return;
    }
    frame.node.members.push_back({std::move(key), std::move(value)});
  }

  void fail(Mark mark, std::string path, std::string message) {
    errors_.push_back({mark, std::move(path), std::move(message)});
  }

  // The path of the innermost open list or map.
  std::string path_of_stack() const {
    std::string path;
    for (std::size_t i = 0; i + 1 < stack_.size(); ++i) path = step(path, stack_[i]);
    return path;
  }
  std::string child_path() const { return step(path_of_stack(), stack_.back()); }
  static std::string step(const std::string& path, const Frame& frame) {
    if (frame.node.is_list()) return item_path(path, frame.node.items.size());
    return frame.key ? member_path(path, frame.key->text) : path;
  }

  const TreeLimits& limits_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::optional<Mark> last_quoted_;
  std::size_t count_ = 0;
  std::size_t copied_ = 0;
  Node root_;
  std::vector<TreeError> errors_;
};

}  // namespace postern::conf
