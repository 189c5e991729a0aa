// Reading and shortening text that is a list: cookies (`;`), query parameters (`&`), subprotocols (`,`).
#pragma once

#include <cstring>
#include <memory_resource>
#include <string>
#include <string_view>

#include "gateway/http/syntax.hpp"

namespace postern::http {

// Takes the text up to the next separator off the front of `rest`.
inline std::string_view take_part(std::string_view& rest, char separator) noexcept {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

struct NameAndValue {
  std::string_view name, value;
};

// Splits at the first `=`; without one everything is the name.
inline NameAndValue split_pair(std::string_view pair) noexcept {
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return {pair, {}};
  return {pair.substr(0, equals), pair.substr(equals + 1)};
}

// Copies `bytes` into `memory`, for views that live as long as it.
inline std::string_view keep(std::string_view bytes, std::pmr::memory_resource& memory) {
  if (bytes.empty()) return {};
  char* const place = static_cast<char*>(memory.allocate(bytes.size(), 1));
  std::memcpy(place, bytes.data(), bytes.size());
  return {place, bytes.size()};
}

struct Shortened {
  std::string_view text;  // the input itself when nothing was dropped
  bool changed = false;
};

// `text` without the parts that `drop(part)` is true for. The others keep their bytes, less white space around them,
// and are put together with `joint`, whose first character is the separator. New text is allocated from `memory`.
template <class Drop>
Shortened without_parts(std::string_view text, std::string_view joint, std::pmr::memory_resource& memory, Drop&& drop) {
  std::pmr::string kept(&memory);
  bool changed = false;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view part = trim(take_part(rest, joint.front()));
    if (drop(part)) {
      changed = true;
    } else if (!part.empty()) {
      if (!kept.empty()) kept += joint;
      kept += part;
    }
  }
  if (!changed) return {text, false};
  return {keep(kept, memory), true};
}

}  // namespace postern::http
