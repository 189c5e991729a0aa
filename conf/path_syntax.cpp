#include "conf/path_syntax.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace postern::conf {
namespace {

bool is_letter_or_digit(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c);
}

bool is_unreserved(char c) {
  return is_letter_or_digit(c) || std::string_view("-._~").find(c) != std::string_view::npos;
}

// RFC 3986's pchar without percent-encoding.
bool is_path_character(char c) {
  return is_unreserved(c) || std::string_view("!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

// The value of an upper-case hex digit, or -1.
int upper_hex_value(char c) {
  return c >= 'a' ? -1 : hex_value(c);
}

// Reads the escape at the start of `text` into `byte`.
std::optional<std::string> judge_escape(std::string_view text, char& byte) {
  int high = text.size() > 1 ? upper_hex_value(text[1]) : -1;
  int low = text.size() > 2 ? upper_hex_value(text[2]) : -1;
  if (high < 0 || low < 0) return "`%` must be followed by two hex digits, in upper case";
  byte = static_cast<char>(high * 16 + low);
  if (is_unreserved(byte)) {
    return std::string("`").append(text.substr(0, 3)).append("` must be written as `").append(1, byte).append("`");
  }
  if (is_control(byte)) return "must not hold an encoded control character";
  return std::nullopt;
}

std::optional<std::string> judge_segment(std::string_view segment) {
  if (segment == "." || segment == "..") return std::string("must not have the segment `").append(segment).append("`");
  std::string decoded;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    char byte = segment[i];
    if (byte == '%') {
      if (auto complaint = judge_escape(segment.substr(i), byte)) return complaint;
      i += 2;
    } else if (byte == '?' || byte == '#') {
      return "must not have a query or fragment";
    } else if (byte == '{' || byte == '}') {
      return "must not hold `{` or `}`; a segment's name belongs into `path_template`, where it stands for the whole "
             "segment";
    } else if (!is_path_character(byte)) {
      return "holds a character that must be percent-encoded in a path";
    }
    decoded += byte;
  }
  if (!is_utf8(decoded)) return "holds percent-encoded bytes that are not UTF-8";
  return std::nullopt;
}

// Taken literally it would match next to nothing, and leave what was meant to another route, maybe a public one.
std::optional<std::string> judge_wildcard(std::string_view segment, bool names_allowed) {
  if (segment.starts_with('*') || segment.ends_with('*')) {
    return "`*` is no wildcard here: `path_prefix` takes everything under a path, `{name}` in `path_template` stands "
           "for one segment";
  }
  if (names_allowed && segment.starts_with(':') && segment.size() > 1) {
    return std::string("a segment's name is written `{")
        .append(segment.substr(1))
        .append("}`, not `")
        .append(segment)
        .append("`");
  }
  return std::nullopt;
}

bool is_named(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::optional<std::string> judge_name(std::string_view name, std::vector<std::string_view>& seen) {
  bool fits = !(name.front() >= '0' && name.front() <= '9') &&
              std::all_of(name.begin(), name.end(), [](char c) { return is_letter_or_digit(c) || c == '_'; });
  if (!fits) return "a segment's name must be letters, digits and `_`, not beginning with a digit";
  if (std::find(seen.begin(), seen.end(), name) != seen.end())
    return std::string("names `{").append(name).append("}` twice");
  seen.push_back(name);
  return std::nullopt;
}

std::optional<std::string> judge_segments(std::string_view text, bool names_allowed) {
  if (!text.starts_with('/')) return "must begin with `/`";
  std::vector<std::string_view> seen;
  for (std::size_t begin = 1; begin <= text.size();) {
    std::size_t end = std::min(text.find('/', begin), text.size());
    std::string_view segment = text.substr(begin, end - begin);
    if (segment.empty() && end != text.size()) return "must not have an empty segment (`//`)";
    auto complaint = names_allowed && is_named(segment) ? judge_name(segment.substr(1, segment.size() - 2), seen)
                                                        : judge_segment(segment);
    if (!complaint) complaint = judge_wildcard(segment, names_allowed);
    if (complaint) return complaint;
    begin = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> judge_path(std::string_view text) {
  return judge_segments(text, false);
}

std::optional<std::string> judge_path_template(std::string_view text) {
  return judge_segments(text, true);
}

std::vector<std::string_view> template_names(std::string_view text) {
  std::vector<std::string_view> names;
  for (std::size_t open; (open = text.find('{')) != text.npos;) {
    std::size_t close = text.find('}', open);
    if (close == text.npos) break;
    names.push_back(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  return names;
}

std::string_view literal_prefix(std::string_view path_template) {
  std::size_t open = path_template.find("/{");
  return path_template.substr(0, open);
}

std::string_view encoded_delimiter(std::string_view path) {
  for (std::size_t i = path.find('%'); i != path.npos; i = path.find('%', i + 1)) {
    const std::string_view escape = path.substr(i, 3);
    char byte = 0;
    if (!judge_escape(escape, byte) && is_path_character(byte) && byte != ';' && byte != '*') return escape;
  }
  return {};
}

bool is_segment_prefix(std::string_view prefix, std::string_view path) {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

}  // namespace postern::conf
