#include "filters/claim_text.hpp"

#include <array>
#include <utility>

#include "base/base64.hpp"

namespace postern::filters {
namespace {

using conf::ClaimFormat;
using Values = std::vector<std::string>;
using Written = tl::expected<Values, std::string>;
using Text = tl::expected<std::string, std::string>;

constexpr std::string_view upper_digits = "0123456789ABCDEF";
constexpr std::string_view lower_digits = "0123456789abcdef";

void append_percent_encoded(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += {'%', upper_digits[byte >> 4], upper_digits[byte & 0xF]};
}

// Without the copy that a list of initial values makes.
Values only(std::string value) {
  Values values;
  values.push_back(std::move(value));
  return values;
}

// Text by the rule of the header file; `separator` is what may not stand in it, or NUL for a value of its own.
Text encode_text(std::string_view text, char separator) {
  std::string out;
  out.reserve(text.size());
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool outer_space = c == ' ' && (i == 0 || i + 1 == text.size());
    if (c >= 0x20 && c <= 0x7E && c != '%' && c != separator && !outer_space) continue;
    if (c == '\r' || c == '\n' || c == '\0') return tl::unexpected<std::string>("holds CR, LF or NUL");
    out.append(text.substr(copied, i - copied));
    append_percent_encoded(out, c);
    copied = i + 1;
  }
  out.append(text.substr(copied));
  return out;
}

Text write_scalar(const Json& value, char separator) {
  if (const std::string* string = value.string()) return encode_text(*string, separator);
  if (const Json::Number* number = value.number()) return number->text;
  if (const bool* boolean = value.boolean()) return std::string(*boolean ? "true" : "false");
  return tl::unexpected<std::string>("is or holds an array, an object or null where a scalar is needed");
}

// The encoded elements of an array, or of one scalar.
Written write_elements(const Json& claim, char separator) {
  if (claim.array() == nullptr) {
    Text text = write_scalar(claim, separator);
    if (!text) return tl::unexpected(std::move(text.error()));
    return only(std::move(*text));
  }
  Values elements;
  for (const Json& element : *claim.array()) {
    Text text = write_scalar(element, separator);
    if (!text) return tl::unexpected(std::move(text.error()));
    elements.push_back(std::move(*text));
  }
  return elements;
}

Written write_list(const Json& claim, char separator) {
  Written elements = write_elements(claim, separator);
  if (!elements) return elements;
  std::string list;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    const std::string& element = (*elements)[i];
    if (element.empty() && claim.array() != nullptr && (separator == ' ' || elements->size() == 1)) {
      return tl::unexpected<std::string>("holds an empty element, which its format cannot tell from none");
    }
    if (i != 0) list += separator;
    list += element;
  }
  return only(std::move(list));
}

ClaimFormat default_format(const Json& claim) {
  if (claim.array() != nullptr) return ClaimFormat::csv;
  return claim.object() != nullptr ? ClaimFormat::json : ClaimFormat::plain;
}

// The code point of the well-formed UTF-8 sequence at `at`, which moves behind it.
std::uint32_t take_code_point(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at++]);
  const unsigned followers = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  std::uint32_t code = first & (0x3Fu >> followers);
  for (unsigned i = 0; i < followers && at < text.size(); ++i) {
    code = code << 6 | (static_cast<unsigned char>(text[at++]) & 0x3F);
  }
  return code;
}

void append_escape(std::string& out, std::uint32_t unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += lower_digits[unit >> shift & 0xF];
}

}  // namespace

std::string to_ascii_json(const Json& value) {
  const std::string text = value.to_text();
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    // Outside of strings JSON is ASCII, so whatever is escaped here stands in one.
    if (static_cast<unsigned char>(text[i]) < 0x7F) {
      out += text[i++];
    } else if (text[i] == 0x7F) {
      append_escape(out, 0x7F);
      ++i;
    } else if (std::uint32_t code = take_code_point(text, i); code < 0x10000) {
      append_escape(out, code);
    } else {
      code -= 0x10000;
      append_escape(out, 0xD800 + (code >> 10));
      append_escape(out, 0xDC00 + (code & 0x3FF));
    }
  }
  return out;
}

Written write_claim(const Json& claim, std::optional<ClaimFormat> format) {
  if (claim.is_null()) return Values{};
  switch (format.value_or(default_format(claim))) {
    case ClaimFormat::csv:
      return write_list(claim, ',');
    case ClaimFormat::space:
      return write_list(claim, ' ');
    case ClaimFormat::repeated:
      return write_elements(claim, ',');
    case ClaimFormat::json:
      return only(to_ascii_json(claim));
    case ClaimFormat::base64json:
      return only(encode_base64(claim.to_text()));
    case ClaimFormat::plain:
      break;
  }
  Text text = write_scalar(claim, '\0');
  if (!text) return tl::unexpected(std::move(text.error()));
  return only(std::move(*text));
}

}  // namespace postern::filters
