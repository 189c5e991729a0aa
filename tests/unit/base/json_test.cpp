#include "base/json.hpp"

#include <doctest/doctest.h>

namespace postern {
namespace {

// The message of the refusal, or "accepted".
std::string refusal_of(std::string_view text, const JsonLimits& limits = {}) {
  const auto parsed = parse_json(text, limits);
  return parsed ? "accepted" : parsed.error().message;
}

std::string repeat(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

}  // namespace

TEST_CASE("Every kind of value is read and written back") {
  const std::string text = R"({"a":[1,-2.50,true,false,null,"x"],"b":{},"c":[],"":"\"\\\n\u001f"})";
  const auto json = parse_json(text);
  REQUIRE(json);
  CHECK(json->to_text() == text);
  CHECK(json->find("b")->object()->empty());
  CHECK(json->find("a")->array()->size() == 6);
  CHECK(*json->find("")->string() == "\"\\\n\x1F");
  CHECK(json->find("d") == nullptr);
  CHECK(json->find("a")->find("0") == nullptr);
  CHECK(parse_json(json->to_text()) == *json);
}

TEST_CASE("Members keep their order, and nested values their owner") {
  const auto json = parse_json(R"({"z":{"y":[{"x":1},[2,[3]]],"w":4},"v":5})");
  REQUIRE(json);
  CHECK(json->object()->at(0).first == "z");
  CHECK(json->find("z")->find("y")->array()->at(0).find("x")->as_double() == 1);
  CHECK(json->find("z")->find("y")->array()->at(1).array()->at(1).array()->at(0).as_double() == 3);
  CHECK(json->find("z")->find("w")->as_double() == 4);
  CHECK(json->find("v")->as_double() == 5);
}

TEST_CASE("Numbers keep their text and convert only when a double can hold them") {
  const auto json = parse_json("[9007199254740993, 1.10, 1e300, 1700000000.5, -0]");
  REQUIRE(json);
  CHECK(json->to_text() == "[9007199254740993,1.10,1e300,1700000000.5,-0]");
  CHECK(json->array()->at(3).as_double() == 1700000000.5);
  CHECK_FALSE(Json(std::string("1")).as_double());
  CHECK_FALSE(Json(Json::Number{"1e400"}).as_double());
  CHECK_FALSE(Json(Json::Number{"-1e400"}).as_double());
}

TEST_CASE("Numbers that crash or overflow naive readers are bounded") {
  CHECK(refusal_of("[0.12345678901234567890e-2147483639]") == "accepted");
  CHECK(refusal_of(R"({"exp":0.000000000000000000001e-2147483639})") == "accepted");
  CHECK_FALSE(Json(Json::Number{"0.000000000000000000001e-2147483639"}).as_double());
  CHECK(refusal_of("[1e-" + std::string(100'000, '9') + "]") == "accepted");
  CHECK(refusal_of("[1e99999999999]") != "accepted");
  CHECK(refusal_of("[" + std::string(100'000, '9') + "]") != "accepted");
}

TEST_CASE("What RFC 8259 does not call a number, literal or value is refused") {
  for (const std::string_view text :
       {"",           " ",        "01",        "+1",       "1.",      ".5",        "1e",    "-",    "0x1",
        "NaN",        "Infinity", "-Infinity", "nul",      "True",    "'a'",       "\"a",   "[1,]", "[,1]",
        "{\"a\":1,}", "{a:1}",    "{\"a\"}",   "{1:2}",    "[1 2]",   "[",         "{",     "]",    "}",
        "[1}",        "/**/1",    "//\n1",     "\"\x01\"", "\"\\x\"", "\"\\u12\"", "\"\t\""}) {
    CAPTURE(text);
    CHECK(refusal_of(text) != "accepted");
  }
}

TEST_CASE("White space around the value is fine, anything else is not") {
  CHECK(refusal_of(" \t\r\n{} \t\r\n") == "accepted");
  for (const std::string_view text : {"{}{}", "{}x", "{},", "1 1", "{}\xC2\xA0", "\x0B{}"}) {
    CAPTURE(text);
    CHECK(refusal_of(text) != "accepted");
  }
  CHECK(refusal_of(std::string("{}\0", 3)) == "the text holds a NUL");
  CHECK(refusal_of(std::string("{}\0trailing", 11)) == "the text holds a NUL");
  CHECK(refusal_of(std::string("{\"a\":\"\0\"}", 9)) == "the text holds a NUL");
  CHECK(refusal_of("\xEF\xBB\xBF{}") == "the text starts with a byte order mark");
  CHECK(refusal_of(R"({"a":"\u0000"})") == "accepted");
}

TEST_CASE("Strings and names must be UTF-8 without lone surrogates, escaped or not") {
  for (const std::string_view text :
       {"[\"\xFF\"]", "[\"\xC0\xAF\"]", "[\"\xED\xB0\x80\"]", R"(["\udc00"])", R"(["\ud800"])", R"(["\ud800x"])",
        R"(["\ud800\ud800"])", R"({"\udc00":1})", "{\"\xFF\":1}"}) {
    CAPTURE(text);
    CHECK(refusal_of(text) != "accepted");
  }
  const auto pair = parse_json(R"(["\ud83d\ude00"])");
  REQUIRE(pair);
  CHECK(*pair->array()->at(0).string() == "\xF0\x9F\x98\x80");
}

TEST_CASE(
    "Control characters in strings and names are refused, however long the text and whatever stands before them") {
  for (const std::string_view before : {"", "sixteen bytes or more of it", "\\n after an escape of sixteen bytes"}) {
    for (char c = 0; c < 0x20; ++c) {
      const std::string text = std::string(before) + c + "and more than sixteen behind";
      CAPTURE(text);
      CHECK_FALSE(parse_json("[\"" + text + "\"]"));
      CHECK_FALSE(parse_json("{\"" + text + "\":1}"));
    }
  }
}

TEST_CASE("Two members of one name are refused, however spelled and however many stand around them") {
  CHECK(refusal_of(R"({"exp":1,"exp":2})") == "an object has two members of one name");
  CHECK(refusal_of(R"({"exp":1,"\u0065xp":2})") == "an object has two members of one name");
  CHECK(refusal_of(R"([{"a":{"b":1,"c":2,"b":3}}])") == "an object has two members of one name");
  CHECK(refusal_of(R"({"a":{"a":{"a":1}},"A":2})") == "accepted");
  for (const std::size_t others : {15, 16, 17, 5000}) {
    std::string members;
    for (std::size_t i = 0; i < others; ++i) members += ",\"m" + std::to_string(i) + "\":0";
    CHECK(refusal_of("{\"x\":1" + members + "}") == "accepted");
    CHECK(refusal_of("{\"x\":1" + members + ",\"x\":2}") == "an object has two members of one name");
  }
}

TEST_CASE("An odd element of a list that is judged by its elements is named with its first fault, and null") {
  const auto parsed =
      parse_json_with_list(R"({"x":[1],"l":[{"a":"\udc00","b":{"c":1,"c":2}},{"d":[]},[{"\udc00":1}]],"y":{}})", "l");
  REQUIRE(parsed);
  CHECK(parsed->document.to_text() == R"({"x":[1],"l":[null,{"d":[]},null],"y":{}})");
  REQUIRE(parsed->odd.size() == 2);
  CHECK(parsed->odd[0].index == 0);
  CHECK(parsed->odd[0].reason == std::string_view("a string is not valid UTF-8"));
  CHECK(parsed->odd[1].index == 2);
  CHECK(parsed->odd[1].reason == std::string_view("a member name is not valid UTF-8"));
  const auto without = parse_json_with_list(R"({"x":[{"a":1,"a":2}]})", "l");
  REQUIRE_FALSE(without);
  CHECK(without.error().message == "an object has two members of one name");
  CHECK(without.error().offset == 19);
  CHECK_FALSE(parse_json(R"({"l":[{"a":1,"a":2}]})"));
}

TEST_CASE("Nesting is accepted at the limit and refused above it") {
  CHECK(refusal_of(repeat("[", 32) + repeat("]", 32)) == "accepted");
  CHECK(refusal_of(repeat("[", 33) + repeat("]", 33)) == "nested too deep");
  CHECK(refusal_of(repeat("{\"a\":", 32) + "1" + repeat("}", 32)) == "accepted");
  CHECK(refusal_of(repeat("{\"a\":", 33) + "1" + repeat("}", 33)) == "nested too deep");
  CHECK(refusal_of("[" + repeat("[],", 100) + "[]]") == "accepted");
  CHECK(refusal_of(repeat("[", 1'000'000)) == "nested too deep");
}

TEST_CASE("The count of values and the size are accepted at the limit and refused above it") {
  JsonLimits limits;
  limits.values = 4;
  CHECK(refusal_of(R"([1,{"a":2}])", limits) == "accepted");
  CHECK(refusal_of(R"([1,{"a":2},3])", limits) == "too many values");
  CHECK(refusal_of("[[],[],[],[]]", limits) == "too many values");
  limits = {};
  limits.bytes = 5;
  CHECK(refusal_of("[1,2]", limits) == "accepted");
  CHECK(refusal_of("[1,2] ", limits) == "the text is too long");
}

TEST_CASE("An error tells where") {
  const auto parsed = parse_json(R"({"a": tru})");
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().offset == 9);
  CHECK(parsed.error().message == "Invalid value.");
}

TEST_CASE("A written string is JSON whatever bytes it was given") {
  const auto written = [](std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  };
  CHECK(written("plain") == R"("plain")");
  CHECK(written("\"\\\b\f\n\r\t\x1B\x7F") == R"("\"\\\u0008\u000c\n\r\t\u001b\u007f")");
  CHECK(written(std::string("a\0b", 3)) == R"("a\u0000b")");
  CHECK(written("\xED\x95\x9C") == "\"\xED\x95\x9C\"");
  CHECK(written("a\xFF\xC3") == "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
  CHECK(refusal_of(written(every_byte)) == "accepted");
}

}  // namespace postern
