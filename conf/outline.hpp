// The field table as a value: what schema and reference are written from.
#pragma once

#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "conf/spec.hpp"

namespace postern::conf {

struct Shape {
  enum class Kind {
    record,
    list,
    map,
    boolean,
    number,
    duration,
    size,
    text,
    word,
    file,
    secret,
    pattern,
    value,
    claim,
    any_or
  };

  Kind kind = Kind::record;
  Spec spec = {};
  std::string_view record = {};                  // of a record: its name
  std::span<const std::string_view> words = {};  // of a word
  std::vector<Shape> item = {};                  // of a list or map: one shape
};

struct FieldOutline {
  std::string_view key;
  Shape shape;
  Json fallback;      // what is in force when the member is left out; null for nothing
  bool flag = false;  // a boolean that says nothing when it is false
};

// A rule about several members of one record.
struct Rule {
  enum class Kind { exactly_one, at_least_one, at_most_one, needs };

  Kind kind;
  std::vector<std::string_view> keys;  // of `needs`: the member, then what it needs
  std::string_view why = {};
};

struct RecordOutline {
  std::string_view name;
  std::string_view doc;
  std::vector<FieldOutline> fields;
  std::vector<Rule> rules;

  const FieldOutline& field(std::string_view key) const;
};

struct Outline {
  std::vector<RecordOutline> records;  // the file first, then each where it is first used

  const RecordOutline& record(std::string_view name) const;
};

Outline outline();

}  // namespace postern::conf
