// The one JSON reader of the program: RapidJSON's SAX parser behind limits that hold for hostile input.
//
// RapidJSON on its own crashes on some numbers, overflows the stack on deep input, accepts invalid UTF-8, a BOM and
// bytes after a NUL, and keeps duplicate names. Nothing else in the program calls it to read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace postern {

// An immutable JSON value (RFC 8259). Numbers keep their source text, so nothing is rounded on the way to an upstream.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;  // in source order, names unique
  struct Number {
    std::string text;
    bool operator==(const Number&) const = default;
  };

  Json() = default;  // null
  explicit Json(bool value) : value_(value) {}
  explicit Json(Number value) : value_(std::move(value)) {}
  explicit Json(std::string value) : value_(std::move(value)) {}
  explicit Json(Array value) : value_(std::move(value)) {}
  explicit Json(Object value) : value_(std::move(value)) {}

  bool is_null() const noexcept { return std::holds_alternative<std::monostate>(value_); }
  const bool* boolean() const noexcept { return std::get_if<bool>(&value_); }
  const Number* number() const noexcept { return std::get_if<Number>(&value_); }
  const std::string* string() const noexcept { return std::get_if<std::string>(&value_); }
  const Array* array() const noexcept { return std::get_if<Array>(&value_); }
  const Object* object() const noexcept { return std::get_if<Object>(&value_); }

  // The member of that exact name, or nullptr (also when this is no object).
  const Json* find(std::string_view name) const noexcept;

  // A finite double, or nothing when this is no number or it is out of range (1e400).
  std::optional<double> as_double() const noexcept;

  // Compact JSON text that parses back to an equal value.
  std::string to_text() const;

  bool operator==(const Json&) const = default;

  // The value of that kind, made in its place.
  template <class Value, class... Arguments>
  explicit Json(std::in_place_type_t<Value> kind, Arguments&&... arguments)
      : value_(kind, std::forward<Arguments>(arguments)...) {}

 private:
  friend class JsonBuilder;

  std::variant<std::monostate, bool, Number, std::string, Array, Object> value_;
};

struct JsonLimits {
  std::size_t bytes = 1 << 20;  // of the text
  std::size_t depth = 32;       // nested arrays and objects
  std::size_t values = 100'000;
};

struct JsonError {
  std::size_t offset = 0;  // bytes from the start of the text
  std::string message;     // without any of the text in it
};

// Parses exactly one JSON text. Refuses: a BOM, anything but white space after the value, NUL, invalid UTF-8, lone
// surrogates (escaped or not), duplicate member names, exponents that no double holds (`0e400`, `1e400`), and anything
// above the limits. Never throws on bad input.
tl::expected<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits = {});

// A text whose outermost object holds a list of which one bad element spoils no other.
struct JsonWithList {
  struct Odd {
    std::size_t index = 0;
    const char* reason = "";
  };

  Json document;
  std::vector<Odd> odd;  // elements that must not be used, in their order
};

// As parse_json(), but two members of one name or an escaped lone low surrogate (`\udc00`) inside an element of the
// outermost object's array `list`, at whatever depth, condemn that element alone: it is named in `odd`, and null in the
// document. Everywhere else they refuse the text, and so does what is no JSON (for RapidJSON `\ud800` alone too). The
// limits are those of the whole text, with what is condemned.
tl::expected<JsonWithList, JsonError> parse_json_with_list(std::string_view text, std::string_view list,
                                                           const JsonLimits& limits = {});

// Appends `text` as a JSON string with its quotes; bytes that are not valid UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace postern
