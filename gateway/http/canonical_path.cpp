#include "gateway/http/canonical_path.hpp"

#include <array>
#include <cstring>

#include "base/utf8.hpp"
#include "gateway/http/syntax.hpp"

namespace postern::http {
namespace {

constexpr CharSet unreserved("-._~");
constexpr CharSet plain_chars("-._~!$&'()*+,=:@");  // pchar (RFC 3986 section 3.3) without `%` and `;`

// What a look over the raw path finds; the look is all that a canonical path gets.
struct PathLook {
  const char* fault = nullptr;  // why it is refused
  bool canonical = true;        // escapes and segments are as they should be
  bool encoded_slash = false;
  bool parameters = false;
  bool delimiters = false;
  bool suspicious = false;  // escapes or `;`: some segment may be a dot segment in disguise
};

bool is_delimiter(int byte) noexcept {
  return byte < 0x80 && plain_chars.holds(static_cast<char>(byte)) && !unreserved.holds(static_cast<char>(byte));
}

// The byte of the escape at `at`, or -1.
int escape_at(std::string_view path, std::size_t at) noexcept {
  if (at + 2 >= path.size()) return -1;
  const int high = hex_value(path[at + 1]);
  const int low = hex_value(path[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// The escapes at `at` that make one UTF-8 sequence: their number, or 0 when they are none.
std::size_t utf8_escapes(std::string_view path, std::size_t at, int lead) noexcept {
  std::array<char, 4> sequence{};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  for (std::size_t i = 0; i < length; ++i) {
    const std::size_t place = at + 3 * i;
    const int byte = place < path.size() && path[place] == '%' ? escape_at(path, place) : -1;
    if (byte < 0) return 0;
    sequence[i] = static_cast<char>(byte);
  }
  return is_utf8({sequence.data(), length}) ? length : 0;
}

bool has_lower_hex(std::string_view escapes) noexcept {
  for (const char c : escapes) {
    if (c >= 'a') return true;
  }
  return false;
}

// Judges the escape at `at` and returns one past it, or past the UTF-8 sequence that it begins.
std::size_t look_at_escape(std::string_view path, std::size_t at, PathLook& look) noexcept {
  const int byte = escape_at(path, at);
  std::size_t escapes = 1;
  if (byte < 0) {
    look.fault = "a percent sign without two hexadecimal digits";
  } else if (byte < 0x20 || byte == 0x7F) {
    look.fault = "an encoded control character in the path";
  } else if (byte >= 0x80 && (escapes = utf8_escapes(path, at, byte)) == 0) {
    look.fault = "escapes in the path that are not UTF-8";
  }
  if (look.fault != nullptr) return path.size();
  const bool decodes = unreserved.holds(static_cast<char>(byte)) && byte < 0x80;
  look.canonical &= !decodes && !has_lower_hex(path.substr(at, 3 * escapes));
  look.encoded_slash |= byte == '/' || byte == '\\';
  look.parameters |= byte == ';';
  look.delimiters |= is_delimiter(byte);
  look.suspicious = true;
  return at + 3 * escapes;
}

// True when the segment behind the slash at `at` is empty (and not the last), `.` or `..`.
bool is_reducible(std::string_view path, std::size_t at) noexcept {
  const auto ends = [&](std::size_t i) { return i >= path.size() || path[i] == '/'; };
  if (at + 1 >= path.size()) return false;
  if (path[at + 1] == '/') return true;
  if (path[at + 1] != '.') return false;
  return ends(at + 2) || (path[at + 2] == '.' && ends(at + 3));
}

PathLook look_over(std::string_view path) noexcept {
  PathLook look;
  for (std::size_t i = 0; i < path.size() && look.fault == nullptr;) {
    const char c = path[i];
    if (c == '%') {
      i = look_at_escape(path, i, look);
      continue;
    }
    ++i;
    if (plain_chars.holds(c)) continue;
    if (c == '/') {
      look.canonical &= !is_reducible(path, i - 1);
    } else if (c == ';') {
      look.parameters = look.suspicious = true;
    } else {
      look.fault = "a byte in the path that no path may hold";
    }
  }
  return look;
}

// Copies the path with its escapes normalised; returns the bytes written. `out` has room for the whole path.
std::size_t normalise_escapes(std::string_view path, char* out) noexcept {
  constexpr std::string_view digits = "0123456789ABCDEF";
  char* end = out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      *end++ = path[i];
      continue;
    }
    const auto byte = static_cast<unsigned>(escape_at(path, i));
    i += 2;
    if (byte < 0x80 && unreserved.holds(static_cast<char>(byte))) {
      *end++ = static_cast<char>(byte);
    } else {
      *end++ = '%';
      *end++ = digits[byte >> 4];
      *end++ = digits[byte & 15];
    }
  }
  return static_cast<std::size_t>(end - out);
}

// Removes empty and dot segments in place (RFC 3986 section 5.2.4, with `//` taken as `/`). A final `/`, `/.` or `/..`
// leaves a final slash. Returns the new size, or 0 when a `..` leads above the root.
std::size_t reduce_segments(char* path, std::size_t size) noexcept {
  std::size_t out = 0;  // path[0, out) is reduced and ends without a slash
  for (std::size_t at = 0; at < size;) {
    const std::size_t begin = at + 1;  // path[at] is the slash
    std::size_t end = begin;
    while (end < size && path[end] != '/') ++end;
    const std::string_view segment(path + begin, end - begin);
    const bool last = end == size;
    if (segment == "..") {
      if (out == 0) return 0;
      while (path[--out] != '/') {
      }
    } else if (!segment.empty() && segment != ".") {
      path[out++] = '/';
      std::memmove(path + out, segment.data(), segment.size());
      out += segment.size();
      at = end;
      continue;
    }
    if (last) path[out++] = '/';
    at = end;
  }
  return out;
}

// `..;x` is `..` to an upstream that drops path parameters, `..%2Fx` to one that decodes before it resolves. Looks at
// the parts between `/`, `;` and the escapes of `/`, `\`, `;` in a canonical path, where no whole segment is one.
bool hides_dot_segment(std::string_view path) noexcept {
  std::size_t part = 1;
  for (std::size_t i = 1; i <= path.size(); ++i) {
    std::size_t separator = 0;
    if (i == path.size() || path[i] == '/' || path[i] == ';') {
      separator = 1;
    } else if (path[i] == '%') {
      const std::string_view escape = path.substr(i, 3);
      if (escape == "%2F" || escape == "%5C" || escape == "%3B") separator = 3;
    }
    if (separator == 0) continue;
    const std::string_view text = path.substr(part, i - part);
    if (text == "." || text == "..") return true;
    part = i + separator;
    i = part - 1;
  }
  return false;
}

}  // namespace

tl::expected<CanonicalPath, Refusal> canonical_path(std::string_view path, std::pmr::memory_resource& memory) {
  const auto refuse = [](const char* why) { return tl::unexpected(Refusal(Reason::request_malformed, why)); };
  const PathLook look = look_over(path);
  if (look.fault != nullptr) return refuse(look.fault);
  if (!look.canonical) {
    char* const copy = static_cast<char*>(memory.allocate(path.size(), 1));
    const std::size_t size = reduce_segments(copy, normalise_escapes(path, copy));
    if (size == 0) return refuse("a path above the root");
    path = {copy, size};
  }
  if (look.suspicious && hides_dot_segment(path)) return refuse("a dot segment behind `;` or an encoded slash");
  return CanonicalPath{path, look.encoded_slash, look.parameters, look.delimiters};
}

std::string_view without_parameters(std::string_view path, std::pmr::memory_resource& memory) {
  char* const copy = static_cast<char*>(memory.allocate(path.size(), 1));
  std::size_t size = 0;
  bool in_parameters = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '/') in_parameters = false;
    if (path[i] == ';' || path.substr(i, 3) == "%3B") in_parameters = true;
    if (!in_parameters) copy[size++] = path[i];
  }
  return {copy, reduce_segments(copy, size)};  // no `..` is left that could lead above the root
}

std::string_view with_delimiters(std::string_view path, std::pmr::memory_resource& memory) {
  char* const copy = static_cast<char*>(memory.allocate(path.size(), 1));
  std::size_t size = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const int byte = path[i] == '%' ? escape_at(path, i) : -1;
    if (byte >= 0 && is_delimiter(byte)) {
      copy[size++] = static_cast<char>(byte);
      i += 2;
    } else {
      copy[size++] = path[i];
    }
  }
  return {copy, size};
}

}  // namespace postern::http
