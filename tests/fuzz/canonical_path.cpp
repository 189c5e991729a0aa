// The path canonicaliser. What it gives is a fixed point, holds nothing that an upstream could resolve or decode into
// another path, and is what a plain reading of RFC 3986 sections 5.2.4 and 6.2.2 gives.
#include "gateway/http/canonical_path.hpp"

#include <functional>
#include <memory_resource>
#include <vector>

#include "base/utf8.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace postern;
using namespace postern::fuzz;

constexpr std::string_view letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

bool is_one_of(char c, std::string_view set) {
  return set.find(c) != set.npos;
}

bool is_unreserved(char c) {
  return is_one_of(c, letters_and_digits) || is_one_of(c, "-._~");
}

char escaped(std::string_view path, std::size_t percent) {
  return static_cast<char>(std::stoi(std::string(path.substr(percent + 1, 2)), nullptr, 16));
}

// The path with those escapes decoded whose bytes `decodes` names; all others stay.
template <typename Decodes>
std::string decode(std::string_view path, Decodes decodes) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && decodes(escaped(path, i))) {
      out += escaped(path, i);
      i += 2;
    } else {
      out += path[i];
    }
  }
  return out;
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (is_one_of(c, separators)) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// The path of an accepted input, worked out with a stack of segments.
std::string resolve(std::string_view path) {
  std::string decoded = decode(path, is_unreserved);
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    if (decoded[i] != '%') continue;
    for (char& digit : {std::ref(decoded[i + 1]), std::ref(decoded[i + 2])}) {
      if (is_one_of(digit, "abcdef")) digit = static_cast<char>(digit - 32);
    }
  }
  const auto segments = split(std::string_view(decoded).substr(1), "/");
  std::vector<std::string> kept;
  for (const std::string& segment : segments) {
    require(segment != ".." || !kept.empty(), "a path above the root is refused");
    if (segment == "..") kept.pop_back();
    if (segment != ".." && segment != "." && !segment.empty()) kept.push_back(segment);
  }
  std::string resolved;
  for (const std::string& segment : kept) resolved += "/" + segment;
  const std::string& last = segments.back();
  return last.empty() || last == "." || last == ".." ? resolved + "/" : resolved;
}

void check_bytes(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    require(is_one_of(path[i], letters_and_digits) || is_one_of(path[i], "-._~!$&'()*+,;=:@/%"),
            "a canonical path holds what RFC 3986 lets a path hold");
    if (path[i] != '%') continue;
    require(
        i + 2 < path.size() && is_one_of(path[i + 1], "0123456789ABCDEF") && is_one_of(path[i + 2], "0123456789ABCDEF"),
        "each escape is two digits in upper case");
    const char byte = escaped(path, i);
    require(!is_unreserved(byte), "no escape stands for an unreserved character");
    require(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7F, "no escape stands for a control character");
  }
}

void check_segments(std::string_view path) {
  require(path.starts_with('/'), "a canonical path begins with a slash");
  require(path.find("//") == path.npos, "a canonical path has no empty segment");
  require(is_utf8(decode(path, [](char) { return true; })), "the decoded path is UTF-8");
  // An upstream may split at an encoded slash or backslash, drop parameters, or do both before it resolves.
  const std::string seen = decode(path, [](char c) { return is_one_of(c, "/\\;"); });
  for (const std::string_view separators : {"/", "/\\", "/;", "/\\;"}) {
    for (const std::string& part : split(seen, separators)) {
      require(part != "." && part != "..", "no upstream finds a dot segment in a canonical path");
    }
  }
}

// What an upstream that drops path parameters is left with.
void check_without_parameters(std::string_view path, bool parameters) {
  std::pmr::monotonic_buffer_resource memory;
  const std::string_view plain = http::without_parameters(path, memory);
  require(plain.starts_with('/'), "a path without its parameters is a path");
  require(plain.find(';') == plain.npos && plain.find("%3B") == plain.npos, "no parameter is left");
  require(plain.find("//") == plain.npos, "no empty segment is left");
  require(parameters || plain == path, "a path without parameters stays as it is");
}

// What an upstream that decodes them is left with.
void check_with_delimiters(std::string_view path, bool delimiters) {
  std::pmr::monotonic_buffer_resource memory;
  const std::string_view decoded = http::with_delimiters(path, memory);
  const auto again = http::canonical_path(decoded, memory);
  require(again && again->path == decoded && !again->delimiters, "a path with its delimiters decoded is a canonical one");
  require(delimiters == (decoded != path), "a path is told of when a delimiter is decoded in it");
}

Verdict judge(std::string_view input) {
  std::pmr::monotonic_buffer_resource memory;
  if (!input.starts_with('/')) return refused("a path begins with a slash");
  const auto judged = http::canonical_path(input, memory);
  if (!judged) return refused(judged.error());
  const std::string_view path = judged->path;
  check_bytes(path);
  check_segments(path);
  require(path == resolve(input), "the path is what RFC 3986 makes of it");
  require(path.size() <= input.size(), "a canonical path is not longer than its source");
  require((path == input) == (path.data() == input.data()), "a canonical path is not copied, another one is");
  const auto again = http::canonical_path(path, memory);
  require(again && again->path == path, "canonical(canonical(x)) is canonical(x)");
  const bool slash = path.find("%2F") != path.npos || path.find("%5C") != path.npos;
  require(again->encoded_slash == slash && (judged->encoded_slash || !slash), "%2F and %5C are told");
  const bool parameters = path.find(';') != path.npos || path.find("%3B") != path.npos;
  require(again->parameters == parameters && (judged->parameters || !parameters), "`;` and %3B are told");
  check_without_parameters(path, parameters);
  check_with_delimiters(path, again->delimiters);
  return accepted();
}

}  // namespace

POSTERN_FUZZ_TARGET("canonical_path")
