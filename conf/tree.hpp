// A YAML document as plain values with their places: what stands between the YAML library and the typed configuration.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::conf {

// A place in a text, both counted from 1; columns in bytes.
struct Mark {
  int line = 1;
  int column = 1;
  bool operator==(const Mark&) const = default;
};

struct Member;

struct Node {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  bool quoted = false;    // a scalar in quotes, or a block scalar: always text
  bool expanded = false;  // a scalar that held a variable: its text is not repeated in messages
  std::string text;       // of a scalar
  Mark mark;
  std::vector<Node> items;      // of a list
  std::vector<Member> members;  // of a map, in the order of the file, names unique

  bool is_null() const noexcept { return kind == Kind::null; }
  bool is_scalar() const noexcept { return kind == Kind::scalar; }
  bool is_list() const noexcept { return kind == Kind::list; }
  bool is_map() const noexcept { return kind == Kind::map; }

  // The member or the value of that key, or nullptr.
  const Member* find_member(std::string_view key) const noexcept;
  const Node* find(std::string_view key) const noexcept;

  static Node scalar(std::string text, Mark mark = {});       // plain
  static Node quoted_text(std::string text, Mark mark = {});  // always text
  static Node list(std::vector<Node> items, Mark mark = {});
  static Node map(std::vector<Member> members, Mark mark = {});
};

struct Member {
  Node key;  // a scalar
  Node value;
};

struct TreeLimits {
  std::size_t bytes = 16 << 20;
  std::size_t depth = 64;
  std::size_t nodes = 1'000'000;       // written out or made by aliases
  std::size_t copied_nodes = 100'000;  // made by aliases
};

struct TreeError {
  Mark mark;
  std::string path;  // empty where it is not known
  std::string message;
};

struct ParsedTree {
  std::optional<Node> root;  // nothing after an error that ends the parsing
  std::vector<TreeError> errors;
};

// Parses exactly one YAML document. Refuses: a second document, duplicate keys, keys that are no scalars, the merge
// key `<<`, tags other than `!!str`, text that is not UTF-8, and anything above the limits. An empty document is a
// null. A value left out has its key's place. Parsing goes on after a duplicate or merge key, without it, so that all
// errors are told.
ParsedTree parse_tree(std::string_view text, const TreeLimits& limits = {});

// YAML text that parses back to an equal tree.
std::string write_tree(const Node& root);

// The path of a member or an item: `providers.shop`, `headers["a.b"]`, `routes[2]`.
std::string member_path(std::string_view parent, std::string_view key);
std::string item_path(std::string_view parent, std::size_t index);

}  // namespace postern::conf
