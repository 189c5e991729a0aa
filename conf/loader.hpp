// The visitor that fills the configuration from a tree: types only. What a value must satisfy is for constraints.hpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "conf/problems.hpp"
#include "conf/spec.hpp"
#include "conf/tree.hpp"

namespace postern::conf {

class Loader {
 public:
  // `file` names the text in messages and is where relative paths start.
  Loader(std::string file, Problems& problems) : file_(std::move(file)), problems_(problems) {}

  // Reads `node` as a T. On failure tells why and leaves `out` as it was.
  template <class T>
  void read(const Node& node, T& out, const Spec& spec);
  template <class T>
  void read(const Node& node, std::optional<T>& out, const Spec& spec);
  template <class T>
  void read(const Node& node, std::vector<T>& out, const Spec& spec);
  template <class T>
  void read(const Node& node, std::map<std::string, T>& out, const Spec& spec);

  void read(const Node& node, bool& out, const Spec& spec);
  void read(const Node& node, std::uint32_t& out, const Spec& spec);
  void read(const Node& node, Duration& out, const Spec& spec);
  void read(const Node& node, Bytes& out, const Spec& spec);
  void read(const Node& node, std::string& out, const Spec& spec);
  void read(const Node& node, FilePath& out, const Spec& spec);
  void read(const Node& node, Secret& out, const Spec& spec);
  void read(const Node& node, Json& out, const Spec& spec);
  void read(const Node& node, ClaimName& out, const Spec& spec);
  void read(const Node& node, AnyOr& out, const Spec& spec);
  void read(const Node& node, std::optional<Pattern>& out, const Spec& spec);

  FilePath resolve(std::string written) const;

 private:
  friend class RecordLoader;

  // Makes the path one step longer while it lives. A single value's place is where it stands, that of a list, a map or
  // a value left out is its key.
  class Step {
   public:
    Step(Loader& loader, const Member& member);
    Step(Loader& loader, std::size_t index, const Mark& mark);
    ~Step() { loader_.path_.resize(size_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    Loader& loader_;
    std::size_t size_;
  };

  template <class T>
  void read_record(const Node& node, T& out);

  void fail(std::string message);
  void fail_kind(const Node& node, std::string_view expected);
  std::string at(const Mark& mark) const;
  std::optional<std::size_t> read_word(const Node& node, std::span<const std::string_view> words);
  // The text of a scalar that is not empty; tells what else it is.
  const std::string* read_text(const Node& node, std::string_view expected);
  // A number's text: refuses quotes.
  const std::string* read_number(const Node& node, std::string_view expected);
  // The items of a list, or the one item that stands for it; tells what else it is.
  std::span<const Node> items_of(const Node& node, const Spec& spec);
  // The map form of a list turned into the list form.
  Node unfold_map(const Node& node, const Spec& spec);
  Node unfold_value(const Node& node, std::string_view member) const;
  void check_key(const Node& key, Format format);
  void check_keys(const Node& node, std::span<const std::string_view> known);

  std::string file_;
  std::string path_;
  Problems& problems_;
};

// Takes the members of one struct from one map.
class RecordLoader {
 public:
  RecordLoader(Loader& loader, const Node& node) : loader_(loader), node_(node) {}

  void record(std::string_view, std::string_view) {}
  void exactly_one(std::initializer_list<std::string_view>, std::string_view) {}
  void at_least_one(std::initializer_list<std::string_view>, std::string_view) {}
  void at_most_one(std::initializer_list<std::string_view>, std::string_view) {}
  void needs(std::string_view, std::string_view) {}

  template <class T>
  void field(std::string_view key, T& member, const Spec& spec) {
    known_.push_back(key);
    if (const Member* found = node_.find_member(key)) {
      Loader::Step step(loader_, *found);
      loader_.read(found->value, member, spec);
    }
  }

  void finish() { loader_.check_keys(node_, known_); }

 private:
  Loader& loader_;
  const Node& node_;
  std::vector<std::string_view> known_;
};

template <class T>
void Loader::read_record(const Node& node, T& out) {
  if (!node.is_map()) return fail_kind(node, "a map");
  RecordLoader members(*this, node);
  describe(members, out);
  members.finish();
}

template <class T>
void Loader::read(const Node& node, T& out, const Spec&) {
  if constexpr (std::is_enum_v<T>) {
    if (auto index = read_word(node, enum_words<T>)) out = static_cast<T>(*index);
  } else {
    read_record(node, out);
  }
}

template <class T>
void Loader::read(const Node& node, std::optional<T>& out, const Spec& spec) {
  T value{};
  const bool folded = node.is_scalar() && !spec.value_member.empty();
  read(folded ? unfold_value(node, spec.value_member) : node, value, spec);
  out = std::move(value);
}

template <class T>
void Loader::read(const Node& node, std::vector<T>& out, const Spec& spec) {
  const bool folded = node.is_map() && !spec.key_member.empty();
  const Node unfolded = folded ? unfold_map(node, spec) : Node();
  std::span<const Node> items = items_of(folded ? unfolded : node, spec);
  out.clear();
  for (std::size_t i = 0; i < items.size(); ++i) {
    Step step(*this, i, items[i].mark);
    if constexpr (std::is_same_v<T, Pattern>) {
      std::optional<Pattern> pattern;
      read(items[i], pattern, spec);
      if (pattern) out.push_back(std::move(*pattern));
    } else {
      read(items[i], out.emplace_back(), spec);
    }
  }
}

template <class T>
void Loader::read(const Node& node, std::map<std::string, T>& out, const Spec& spec) {
  if (!node.is_map()) return fail_kind(node, "a map");
  out.clear();
  for (const Member& member : node.members) {
    Step step(*this, member);
    check_key(member.key, spec.key_format);
    if (spec.value_member.empty() || !member.value.is_scalar()) {
      read(member.value, out[member.key.text], spec);
    } else {
      read(unfold_value(member.value, spec.value_member), out[member.key.text], spec);
    }
  }
}

// Adds the errors of parsing the text that `file` names.
void tell(const std::vector<TreeError>& errors, const std::string& file, Problems& problems);

// Fills `config` from a parsed document.
void load_tree(const Node& root, const std::string& file, Config& config, Problems& problems);

}  // namespace postern::conf
