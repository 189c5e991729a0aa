// The visitor that turns the configuration into a tree which loads to an equal value. Secrets become placeholders.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "conf/spec.hpp"
#include "conf/tree.hpp"

namespace postern::conf {

// The tree of a value; a null for one that says nothing and is left out.
class Printer {
 public:
  template <class T>
  Node print(T& value, const Spec& spec);
  template <class T>
  Node print(std::optional<T>& value, const Spec& spec);
  template <class T>
  Node print(std::vector<T>& values, const Spec& spec);
  template <class T>
  Node print(std::map<std::string, T>& values, const Spec& spec);

  Node print(bool& value, const Spec& spec);
  Node print(std::uint32_t& value, const Spec& spec);
  Node print(Duration& value, const Spec& spec);
  Node print(Bytes& value, const Spec& spec);
  Node print(std::string& value, const Spec& spec);
  Node print(FilePath& value, const Spec& spec);
  Node print(Secret& value, const Spec& spec);
  Node print(Json& value, const Spec& spec);
  Node print(ClaimName& value, const Spec& spec);
  Node print(AnyOr& value, const Spec& spec);
  Node print(Pattern& value, const Spec& spec);
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

class RecordPrinter {
 public:
  void record(std::string_view, std::string_view) {}
  void exactly_one(std::initializer_list<std::string_view>, std::string_view) {}
  void at_least_one(std::initializer_list<std::string_view>, std::string_view) {}
  void at_most_one(std::initializer_list<std::string_view>, std::string_view) {}
  void needs(std::string_view, std::string_view) {}

  template <class T>
  void field(std::string_view key, T& member, const Spec& spec) {
    Node value = Printer().print(member, spec);
    // A record within that says nothing is left out; one that may be missing altogether says something by being there.
    bool is_empty = value.is_map() && value.members.empty() && !is_optional<T>;
    if (!value.is_null() && !is_empty) node_.members.push_back({Node::quoted_text(std::string(key)), std::move(value)});
  }

  Node take() { return std::move(node_); }

 private:
  Node node_ = Node::map({});
};

template <class T>
Node Printer::print(T& value, const Spec&) {
  if constexpr (std::is_enum_v<T>) {
    return Node::quoted_text(std::string(word_of(value)));
  } else {
    RecordPrinter record;
    describe(record, value);
    return record.take();
  }
}

template <class T>
Node Printer::print(std::optional<T>& value, const Spec& spec) {
  return value ? print(*value, spec) : Node();
}

template <class T>
Node Printer::print(std::vector<T>& values, const Spec& spec) {
  if (values.empty()) return {};
  Node list = Node::list({});
  for (T& value : values) list.items.push_back(print(value, spec));
  return list;
}

template <class T>
Node Printer::print(std::map<std::string, T>& values, const Spec& spec) {
  if (values.empty()) return {};
  Node map = Node::map({});
  for (auto& [key, value] : values) {
    Node printed = print(value, spec);
    if (spec.key_format == Format::header_name && printed.is_scalar() && is_sensitive_header(key)) {
      printed = Node::quoted_text(std::string(redacted));
    }
    map.members.push_back({Node::quoted_text(key), std::move(printed)});
  }
  return map;
}

// The whole configuration as a tree.
Node to_tree(const Config& config);

}  // namespace postern::conf
