#include "conf/problems.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace postern::conf {
namespace {

// What stands before the path's last step; empty for the root.
std::string_view parent_of(std::string_view path) {
  std::size_t at = path.npos;
  if (path.ends_with("\"]")) {
    at = path.rfind("[\"");
  } else if (path.ends_with(']')) {
    at = path.rfind('[');
  } else {
    at = path.rfind('.');
  }
  return at == path.npos ? std::string_view() : path.substr(0, at);
}

// The number after the last colon of `text`, which is cut off; 0 where there is none.
int take_number(std::string_view& text) {
  std::size_t colon = text.rfind(':');
  if (colon == text.npos) return 0;
  int number = 0;
  std::string_view digits = text.substr(colon + 1);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return 0;
  text.remove_suffix(digits.size() + 1);
  return number;
}

std::pair<int, int> line_and_column(std::string_view where) {
  int column = take_number(where);
  int line = take_number(where);
  return {line, column};
}

void sort_by_place(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return line_and_column(a.where) < line_and_column(b.where);
  });
}

}  // namespace

std::string Problem::to_text() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : where + ": " + path + ": " + message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      text += c;
    } else {
      text.append("\\x").append({digits[byte >> 4], digits[byte & 0xF]});
    }
  }
  return text;
}

std::string Places::find(std::string_view path) const {
  for (;; path = parent_of(path)) {
    if (auto found = places_.find(path); found != places_.end()) return found->second;
    if (path.empty()) return std::string(whole_configuration);
  }
}

void Problems::add(std::string path, std::string message) {
  std::string where = places_.find(path);
  add_at(std::move(where), std::move(path), std::move(message));
}

void Problems::add_at(std::string where, std::string path, std::string message) {
  if (path.empty()) path = whole_configuration;
  settled_.insert(path);
  errors_.push_back({std::move(where), std::move(path), std::move(message)});
}

void Problems::warn(std::string path, std::string message) {
  std::string where = places_.find(path);
  warnings_.push_back({std::move(where), std::move(path), std::move(message)});
}

bool Problems::is_settled(std::string_view path) const {
  // Everything below `path` sorts from `path.` or `path[` on, but other names may stand in between.
  for (auto at = settled_.lower_bound(path); at != settled_.end() && at->starts_with(path); ++at) {
    if (at->size() == path.size() || (*at)[path.size()] == '.' || (*at)[path.size()] == '[') return true;
  }
  return false;
}

void Problems::sort() {
  sort_by_place(errors_);
  sort_by_place(warnings_);
}

}  // namespace postern::conf
