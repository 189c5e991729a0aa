// A head that was accepted or written, taken apart by plain code that shares nothing with the gateway's parser.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/target.hpp"

namespace postern::fuzz {

struct HeadLine {
  std::string name;      // as the most careless origin reads it: in lower case, what is no letter or digit as `-`
  std::string spelling;  // as it is written, in lower case: as clients read it
  std::string value;
};

struct HeadLines {
  std::string_view first;
  std::vector<HeadLine> fields;

  std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(fields.begin(), fields.end(), [&](const HeadLine& line) { return line.name == name; }));
  }
  bool spells(std::string_view name) const {
    return std::any_of(fields.begin(), fields.end(), [&](const HeadLine& line) { return line.spelling == name; });
  }
  // Of the first of that name; empty when there is none.
  std::string_view value(std::string_view name) const {
    const auto found =
        std::find_if(fields.begin(), fields.end(), [&](const HeadLine& line) { return line.name == name; });
    return found == fields.end() ? std::string_view() : found->value;
  }
  std::size_t framing_fields() const { return count("content-length") + count("transfer-encoding"); }
};

inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

inline std::string fold_name(std::string_view name) {
  std::string folded = lower_case(name);
  for (char& c : folded) {
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) c = '-';
  }
  return folded;
}

inline HeadLine take_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  require(colon != line.npos && colon > 0, "each line of a head has a name");
  require(line.substr(0, colon).find_first_of(" \t") == line.npos, "a name holds no white space");
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  const std::string_view name = line.substr(0, colon);
  return {fold_name(name), lower_case(name), std::string(value)};
}

// `head` is one whole head, its final empty line included.
inline HeadLines take_apart(std::string_view head) {
  HeadLines lines;
  for (std::size_t at = 0; at < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    require(end != head.npos, "each line ends with CRLF");
    const std::string_view line = head.substr(at, end - at);
    const bool clean = std::all_of(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || c == '\t';
    });
    require(clean, "a line holds no control character");
    require(line.empty() == (end + 2 == head.size()), "the last line, and no other, is empty");
    if (at == 0) {
      lines.first = line;
    } else if (!line.empty()) {
      lines.fields.push_back(take_field(line));
    }
    at = end + 2;
  }
  return lines;
}

}  // namespace postern::fuzz
