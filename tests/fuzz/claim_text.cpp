// A claim on its way into a header, in every format. A header value is visible ASCII that HTTP does not change, and
// from it the claim comes back as it was signed. Accepted is a claim that its usual format can carry.
#include "filters/claim_text.hpp"

#include <array>

#include "base/base64.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;
using conf::ClaimFormat;
using Values = std::vector<std::string>;

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = decode_hex(text.substr(i + 1, 2));
    require(byte && byte->size() == 1, "a percent sign begins an escape");
    out += *byte;
    i += 2;
  }
  return out;
}

// A scalar as the text that a header carries.
std::string plain_text(const Json& value) {
  if (const auto* text = value.string()) return *text;
  return value.to_text();
}

Values plain_texts(const Json& claim) {
  if (claim.array() == nullptr) return {plain_text(claim)};
  Values texts;
  for (const Json& element : *claim.array()) texts.push_back(plain_text(element));
  return texts;
}

Values split(std::string_view list, char separator) {
  Values parts(1);
  for (const char c : list) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Values decoded(Values parts) {
  for (std::string& part : parts) part = percent_decoded(part);
  return parts;
}

// What a service reads from the values that it got.
void check_read_back(const Json& claim, ClaimFormat format, const Values& values) {
  switch (format) {
    case ClaimFormat::plain:
      require(decoded(values) == Values{plain_text(claim)}, "a plain value decodes to the claim");
      break;
    case ClaimFormat::repeated:
      require(decoded(values) == plain_texts(claim), "repeated fields decode to the elements");
      break;
    case ClaimFormat::csv:
    case ClaimFormat::space: {
      require(values.size() == 1, "a list is one value");
      const bool none = claim.array() != nullptr && claim.array()->empty();
      const Values parts = split(values[0], format == ClaimFormat::csv ? ',' : ' ');
      require(none ? values[0].empty() : decoded(parts) == plain_texts(claim), "a list decodes to its elements");
      break;
    }
    case ClaimFormat::json:
      require(values.size() == 1 && parse_json(values[0], {.bytes = values[0].size()}) == claim,
              "JSON parses to the claim");
      break;
    case ClaimFormat::base64json: {
      require(values.size() == 1, "base64 is one value");
      const auto text = decode_base64(values[0]);
      require(text && parse_json(*text, {.bytes = text->size()}) == claim,
              "base64 decodes to JSON that parses to the claim");
      break;
    }
  }
}

void check_format(const Json& claim, ClaimFormat format) {
  const auto values = filters::write_claim(claim, format);
  const bool carries_all = format == ClaimFormat::json || format == ClaimFormat::base64json;
  if (!values) {
    require(is_printable(values.error()), "a fault is told in printable words");
    require(!carries_all, "JSON can carry every claim");
    return;
  }
  for (const std::string& text : carries_all ? Values() : plain_texts(claim)) {
    require(text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos,
            "CR, LF and NUL are refused where text is sent");
  }
  for (const std::string& value : *values) {
    require(is_printable(value), "a header value is visible ASCII");
    require(!value.starts_with(' ') && !value.ends_with(' '), "a value has no space that HTTP would trim");
  }
  if (claim.is_null()) {
    require(values->empty(), "null gives no header");
  } else {
    check_read_back(claim, format, *values);
  }
}

Verdict judge(std::string_view input) {
  const auto claim = parse_json(input);
  if (!claim) return refused("not a JSON text");
  for (const ClaimFormat format : {ClaimFormat::plain, ClaimFormat::csv, ClaimFormat::space, ClaimFormat::json,
                                   ClaimFormat::base64json, ClaimFormat::repeated}) {
    check_format(*claim, format);
  }
  const auto usual = filters::write_claim(*claim, std::nullopt);
  return usual ? accepted() : refused(usual.error());
}

}  // namespace

POSTERN_FUZZ_TARGET("claim_text")
