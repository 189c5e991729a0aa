#include "base/json.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/utf8.hpp"

namespace postern {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

void append_escaped_ascii(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 0xF];
  }
}

// DEL needs no escape in JSON, but these strings end up in terminals.
bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == 0x7F;
}

void append_well_formed(std::string& out, std::string_view text) {
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out.append(text.substr(copied, i - copied));
    append_escaped_ascii(out, text[i]);
    copied = i + 1;
  }
  out.append(text.substr(copied));
}

void append_value(std::string& out, const Json& value);

void append_array(std::string& out, const Json::Array& array) {
  out += '[';
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i != 0) out += ',';
    append_value(out, array[i]);
  }
  out += ']';
}

void append_object(std::string& out, const Json::Object& object) {
  out += '{';
  for (std::size_t i = 0; i < object.size(); ++i) {
    if (i != 0) out += ',';
    append_json_string(out, object[i].first);
    out += ':';
    append_value(out, object[i].second);
  }
  out += '}';
}

void append_value(std::string& out, const Json& value) {
  if (const bool* boolean = value.boolean()) {
    out += *boolean ? "true" : "false";
  } else if (const Json::Number* number = value.number()) {
    out += number->text;
  } else if (const std::string* string = value.string()) {
    append_json_string(out, *string);
  } else if (const Json::Array* array = value.array()) {
    append_array(out, *array);
  } else if (const Json::Object* object = value.object()) {
    append_object(out, *object);
  } else {
    out += "null";
  }
}

}  // namespace

const Json* Json::find(std::string_view name) const noexcept {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  for (const Member& member : *members) {
    // Most names of claims have three letters: the first one tells them apart for less than a call.
    if (member.first.size() != name.size() || (!name.empty() && member.first.front() != name.front())) continue;
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

std::optional<double> Json::as_double() const noexcept {
  const Number* source = number();
  if (source == nullptr) return std::nullopt;
  const char* const end = source->text.data() + source->text.size();
  // Dates are whole numbers, as a rule, and those of up to fifteen digits are doubles as they stand.
  constexpr std::size_t exact_digits = 15;
  if (std::int64_t whole = 0; source->text.size() <= exact_digits) {
    const auto read = std::from_chars(source->text.data(), end, whole);
    if (read.ec == std::errc{} && read.ptr == end && whole != 0) return static_cast<double>(whole);  // `-0` is a double
  }
  double value = 0;
  const auto [stopped_at, error] = std::from_chars(source->text.data(), end, value);
  if (error != std::errc{} || stopped_at != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string Json::to_text() const {
  std::string text;
  append_value(text, *this);
  return text;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t well_formed = utf8_prefix(text);
    append_well_formed(out, text.substr(0, well_formed));
    text.remove_prefix(well_formed);
    if (text.empty()) break;
    out += replacement_character;
    text.remove_prefix(1);
  }
  out += '"';
}

}  // namespace postern
