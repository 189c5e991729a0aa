// The visitor that holds a configuration against the field table: what is required, forms, ranges, and which members
// go together. It sees values, so a configuration made of flags is judged like a file.
#pragma once

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "conf/problems.hpp"
#include "conf/spec.hpp"
#include "conf/tree.hpp"

namespace postern::conf {

// Whether a member was given: what is empty or false says nothing.
inline bool is_given(bool value) {
  return value;
}
inline bool is_given(const std::string& value) {
  return !value.empty();
}
inline bool is_given(const FilePath& value) {
  return !value.empty();
}
inline bool is_given(const Secret& value) {
  return !value.empty();
}
inline bool is_given(const AnyOr& value) {
  return value.any || !value.names.empty();
}
template <class T>
bool is_given(const std::optional<T>& value) {
  return value.has_value();
}
template <class T>
bool is_given(const std::vector<T>& value) {
  return !value.empty();
}
template <class T>
bool is_given(const std::map<std::string, T>& value) {
  return !value.empty();
}
bool is_given(const ClaimName& value);
template <class T>
bool is_given(const T&) {
  return true;
}

class Constraints {
 public:
  explicit Constraints(Problems& problems) : problems_(problems) {}

  // What is wrong with the value at `path`; nothing where an error was told already.
  template <class T>
  void judge_value(T& value, const Spec& spec, const std::string& path);
  template <class T>
  void judge_value(std::optional<T>& value, const Spec& spec, const std::string& path);
  template <class T>
  void judge_value(std::vector<T>& values, const Spec& spec, const std::string& path);
  template <class T>
  void judge_value(std::map<std::string, T>& values, const Spec& spec, const std::string& path);

  void judge_value(bool&, const Spec&, const std::string&) {}
  void judge_value(Json&, const Spec&, const std::string&) {}
  void judge_value(Pattern&, const Spec&, const std::string&) {}
  void judge_value(std::uint32_t& value, const Spec& spec, const std::string& path);
  void judge_value(Duration& value, const Spec& spec, const std::string& path);
  void judge_value(Bytes& value, const Spec& spec, const std::string& path);
  void judge_value(std::string& value, const Spec& spec, const std::string& path);
  void judge_value(FilePath& value, const Spec& spec, const std::string& path);
  void judge_value(Secret& value, const Spec& spec, const std::string& path);
  void judge_value(ClaimName& value, const Spec& spec, const std::string& path);
  void judge_value(AnyOr& value, const Spec& spec, const std::string& path);

  Problems& problems() { return problems_; }

 private:
  Problems& problems_;
};

// Judges the members of one struct.
class RecordConstraints {
 public:
  using Keys = std::initializer_list<std::string_view>;

  RecordConstraints(Constraints& constraints, std::string path) : constraints_(constraints), path_(std::move(path)) {}

  void record(std::string_view, std::string_view) {}

  template <class T>
  void field(std::string_view key, T& member, const Spec& spec) {
    std::string path = member_path(path_, key);
    bool given = is_given(member);
    given_.emplace_back(key, given);
    if (spec.required && !given) require(path);
    // A text that is empty was not given; a list's empty text is judged.
    if (given || !std::is_same_v<T, std::string>) constraints_.judge_value(member, spec, path);
  }

  void exactly_one(Keys keys, std::string_view why);
  void at_least_one(Keys keys, std::string_view why);
  void at_most_one(Keys keys, std::string_view why);
  void needs(std::string_view key, std::string_view other);

 private:
  void require(const std::string& path);
  bool is_given_key(std::string_view key) const;
  // The keys of these that were given; nothing at all when one of them has an error of its own.
  std::optional<std::vector<std::string_view>> given_of(Keys keys) const;

  Constraints& constraints_;
  std::string path_;
  std::vector<std::pair<std::string_view, bool>> given_;
};

template <class T>
void Constraints::judge_value(T& value, const Spec&, const std::string& path) {
  if constexpr (!std::is_enum_v<T>) {
    RecordConstraints record(*this, path);
    describe(record, value);
  }
}

template <class T>
void Constraints::judge_value(std::optional<T>& value, const Spec& spec, const std::string& path) {
  if (value) judge_value(*value, spec, path);
}

template <class T>
void Constraints::judge_value(std::vector<T>& values, const Spec& spec, const std::string& path) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    judge_value(values[i], spec, item_path(path, i));
    if constexpr (std::equality_comparable<T>) {
      auto end = values.begin() + static_cast<std::ptrdiff_t>(i);
      if (spec.unique && std::find(values.begin(), end, values[i]) != end)
        problems_.add(item_path(path, i), "is in the list already");
    }
  }
}

template <class T>
void Constraints::judge_value(std::map<std::string, T>& values, const Spec& spec, const std::string& path) {
  for (auto& [key, value] : values) judge_value(value, spec, member_path(path, key));
}

// Judges every member of `config`.
void check_constraints(const Config& config, Problems& problems);

}  // namespace postern::conf
