// The JSON reader. It takes what RFC 8259 calls a JSON text and nothing else, within its limits; what is parsed prints
// to text that parses to an equal value.
#include "base/json.hpp"

#include <array>
#include <cmath>
#include <set>

#include "base/utf8.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;

// RFC 8259's grammar as it stands there, over bytes.
class Grammar {
 public:
  explicit Grammar(std::string_view text) : text_(text) {}

  bool is_text() {
    skip_space();
    if (!value(0)) return false;
    skip_space();
    return at_ == text_.size();
  }

 private:
  static constexpr int most_nested = 200;  // of this reader, far above the one under test

  bool peek(std::string_view set) const { return at_ < text_.size() && set.find(text_[at_]) != set.npos; }
  bool eat(std::string_view set) { return peek(set) && ++at_ != 0; }
  bool eat_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() {
    while (eat(" \t\n\r")) {
    }
  }
  bool digits() {
    if (!eat("0123456789")) return false;
    while (eat("0123456789")) {
    }
    return true;
  }
  bool number() {
    eat("-");
    if (!eat("0") && !digits()) return false;
    if (eat(".") && !digits()) return false;
    if (!eat("eE")) return true;
    eat("+-");
    return digits();
  }
  bool string() {
    if (!eat("\"")) return false;
    while (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) >= 0x20) {
      if (eat("\"")) return true;
      if (!eat("\\")) {
        ++at_;
      } else if (eat("u")) {
        for (int i = 0; i < 4; ++i) {
          if (!eat("0123456789abcdefABCDEF")) return false;
        }
      } else if (!eat("\"\\/bfnrt")) {
        return false;
      }
    }
    return false;
  }
  // The elements of an array or the members of an object, behind its opening bracket.
  bool list(bool named, std::string_view close, int depth) {
    skip_space();
    if (eat(close)) return true;
    do {
      skip_space();
      if (named) {
        if (!string()) return false;
        skip_space();
        if (!eat(":")) return false;
        skip_space();
      }
      if (!value(depth + 1)) return false;
      skip_space();
    } while (eat(","));
    return eat(close);
  }
  bool value(int depth) {
    if (depth > most_nested) return false;
    if (eat("[")) return list(false, "]", depth);
    if (eat("{")) return list(true, "}", depth);
    if (peek("\"")) return string();
    if (peek("-0123456789")) return number();
    return eat_word("true") || eat_word("false") || eat_word("null");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// What a value that was parsed is made of.
struct Shape {
  std::size_t depth = 0;
  std::size_t values = 1;
};

Shape check_value(const Json& value) {
  Shape shape;
  const auto take_in = [&](const Json& part) {
    const Shape inner = check_value(part);
    shape.depth = std::max(shape.depth, inner.depth);
    shape.values += inner.values;
  };
  if (const auto* text = value.string()) require(is_utf8(*text), "a string is UTF-8");
  if (value.number() != nullptr) {
    const auto number = value.as_double();
    require(!number || std::isfinite(*number), "a number is finite or none");
  }
  if (const auto* array = value.array()) {
    for (const Json& element : *array) take_in(element);
    ++shape.depth;
  }
  if (const auto* object = value.object()) {
    std::set<std::string_view> names;
    for (const auto& [name, member] : *object) {
      require(is_utf8(name) && names.insert(name).second, "the names of an object are UTF-8 and unique");
      require(value.find(name) == &member, "each member is found by its name");
      take_in(member);
    }
    ++shape.depth;
  }
  return shape;
}

void check_refusal(std::string_view text, const JsonError& error) {
  require(error.offset <= text.size(), "a fault lies within the text");
  require(is_printable(error.message) && !error.message.empty(), "a fault is told in printable words");
  constexpr std::array<std::string_view, 8> beyond_grammar = {"the text is too long",
                                                              "the text is not valid UTF-8",
                                                              "a string is not valid UTF-8",
                                                              "a member name is not valid UTF-8",
                                                              "too many values",
                                                              "nested too deep",
                                                              "an object has two members of one name",
                                                              "Number too big to be stored in double."};
  const bool known = std::find(beyond_grammar.begin(), beyond_grammar.end(), error.message) != beyond_grammar.end();
  const bool surrogate = error.message.find("urrogate") != error.message.npos;
  require(known || surrogate || !Grammar(text).is_text(), "a JSON text is refused for our own reasons alone");
}

void check_limits(std::string_view text, const Json& value, const Shape& shape) {
  const auto at = parse_json(text, {.bytes = text.size(), .depth = shape.depth, .values = shape.values});
  require(at && *at == value, "a text passes at its own limits");
  require(!parse_json(text, {.bytes = text.size() - 1}), "one byte above the limit is refused");
  require(!parse_json(text, {.values = shape.values - 1}), "one value above the limit is refused");
  require(shape.depth == 0 || !parse_json(text, {.depth = shape.depth - 1}), "one level above the limit is refused");
}

// Any bytes become a JSON string, as the ones of a token do in a log.
void check_quoting(std::string_view bytes) {
  std::string quoted;
  append_json_string(quoted, bytes);
  const auto parsed = parse_json(quoted, {.bytes = quoted.size()});
  require(parsed && parsed->string() != nullptr, "any bytes are quoted as one JSON string");
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  const auto tail = static_cast<std::size_t>(std::find_if_not(bytes.rbegin(), bytes.rend(), is_ascii) - bytes.rbegin());
  require(parsed->string()->starts_with(bytes.substr(0, utf8_prefix(bytes))) &&
              parsed->string()->ends_with(bytes.substr(bytes.size() - tail)),
          "what is UTF-8 before and behind a bad byte is quoted without loss");
  require(!is_utf8(bytes) || *parsed->string() == bytes, "UTF-8 is quoted without loss");
  const auto is_clean = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; };
  require(std::all_of(quoted.begin(), quoted.end(), is_clean), "a quoted string is one line");
}

Verdict judge(std::string_view input) {
  check_quoting(input);
  const auto value = parse_json(input);
  if (!value) {
    check_refusal(input, value.error());
    return refused(value.error().message);
  }
  require(Grammar(input).is_text(), "what is accepted is a JSON text");
  const Shape shape = check_value(*value);
  require(shape.depth <= JsonLimits{}.depth && shape.values <= JsonLimits{}.values, "no value is above the limits");
  check_limits(input, *value, shape);
  const std::string text = value->to_text();
  const auto again = parse_json(text, {.bytes = text.size()});
  require(again && *again == *value, "what is parsed prints to what parses equal");
  require(again->to_text() == text, "printed twice, it is the same text");
  return accepted();
}

}  // namespace

POSTERN_FUZZ_TARGET("json")
