#include "conf/outline.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <type_traits>

#include "conf/fields.hpp"
#include "conf/printer.hpp"
#include "conf/tree_json.hpp"

namespace postern::conf {
namespace {

class Outliner {
 public:
  using Kind = Shape::Kind;

  template <class T>
  Shape shape(T&, const Spec& spec);
  template <class T>
  Shape shape(std::optional<T>&, const Spec& spec) {
    if constexpr (std::is_same_v<T, Pattern>) {
      return {.kind = Kind::pattern, .spec = spec};
    } else {
      T value{};
      return shape(value, spec);
    }
  }
  template <class T>
  Shape shape(std::vector<T>&, const Spec& spec) {
    std::optional<T> item;
    return {.kind = Kind::list, .spec = spec, .item = {shape(item, spec)}};
  }
  template <class T>
  Shape shape(std::map<std::string, T>&, const Spec& spec) {
    T item{};
    return {.kind = Kind::map, .spec = spec, .item = {shape(item, spec)}};
  }
  Shape shape(bool&, const Spec& spec) { return {.kind = Kind::boolean, .spec = spec}; }
  Shape shape(std::uint32_t&, const Spec& spec) { return {.kind = Kind::number, .spec = spec}; }
  Shape shape(Duration&, const Spec& spec) { return {.kind = Kind::duration, .spec = spec}; }
  Shape shape(Bytes&, const Spec& spec) { return {.kind = Kind::size, .spec = spec}; }
  Shape shape(FilePath&, const Spec& spec) { return {.kind = Kind::file, .spec = spec}; }
  Shape shape(Secret&, const Spec& spec) { return {.kind = Kind::secret, .spec = spec}; }
  Shape shape(Json&, const Spec& spec) { return {.kind = Kind::value, .spec = spec}; }
  Shape shape(ClaimName&, const Spec& spec) { return {.kind = Kind::claim, .spec = spec}; }
  Shape shape(AnyOr&, const Spec& spec) { return {.kind = Kind::any_or, .spec = spec}; }
  Shape shape(std::string&, const Spec& spec) {
    if (spec.words.empty()) return {.kind = Kind::text, .spec = spec};
    return {.kind = Kind::word, .spec = spec, .words = spec.words};
  }

  Outline result;
};

class RecordOutliner {
 public:
  using Keys = std::initializer_list<std::string_view>;

  explicit RecordOutliner(Outliner& outliner) : outliner_(outliner) {}

  void record(std::string_view name, std::string_view doc) {
    name_ = name;
    auto& records = outliner_.result.records;
    is_known_ =
        std::any_of(records.begin(), records.end(), [&](const RecordOutline& known) { return known.name == name; });
    if (is_known_) return;
    index_ = records.size();
    records.push_back({name, doc, {}, {}});
  }

  template <class T>
  void field(std::string_view key, T& member, const Spec& spec) {
    if (is_known_) return;
    Shape shape = outliner_.shape(member, spec);
    Json fallback;
    if (shape.kind != Shape::Kind::record) fallback = *to_json(Printer().print(member, spec));
    own().fields.push_back({key, std::move(shape), std::move(fallback), std::is_same_v<T, bool>});
  }

  void exactly_one(Keys keys, std::string_view why) { add({Rule::Kind::exactly_one, keys, why}); }
  void at_least_one(Keys keys, std::string_view why) { add({Rule::Kind::at_least_one, keys, why}); }
  void at_most_one(Keys keys, std::string_view why) { add({Rule::Kind::at_most_one, keys, why}); }
  void needs(std::string_view key, std::string_view other) { add({Rule::Kind::needs, {key, other}}); }

  std::string_view name() const { return name_; }

 private:
  // Looked up each time: outlining a member may have added records.
  RecordOutline& own() { return outliner_.result.records[index_]; }
  void add(Rule rule) {
    if (!is_known_) own().rules.push_back(std::move(rule));
  }

  Outliner& outliner_;
  std::string_view name_;
  std::size_t index_ = 0;
  bool is_known_ = false;
};

template <class T>
Shape Outliner::shape(T& value, const Spec& spec) {
  if constexpr (std::is_enum_v<T>) {
    return {.kind = Kind::word, .spec = spec, .words = enum_words<T>};
  } else {
    RecordOutliner record(*this);
    describe(record, value);
    return {.kind = Kind::record, .spec = spec, .record = record.name()};
  }
}

template <class Item, class Name>
const Item& find_named(const std::vector<Item>& items, std::string_view name, Name name_of) {
  return *std::find_if(items.begin(), items.end(), [&](const Item& item) { return name_of(item) == name; });
}

}  // namespace

const FieldOutline& RecordOutline::field(std::string_view key) const {
  return find_named(fields, key, [](const FieldOutline& field) { return field.key; });
}

const RecordOutline& Outline::record(std::string_view name) const {
  return find_named(records, name, [](const RecordOutline& record) { return record.name; });
}

Outline outline() {
  Config config;
  Outliner outliner;
  outliner.shape(config, {});
  return std::move(outliner.result);
}

}  // namespace postern::conf
