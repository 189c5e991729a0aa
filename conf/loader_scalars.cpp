// What the loader reads from a single value.
#include <algorithm>
#include <filesystem>

#include "conf/loader.hpp"
#include "conf/scalars.hpp"
#include "conf/tree_json.hpp"

namespace postern::conf {
namespace {

std::string in_quotes(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out.append("`").append(words[i]).append("`");
  }
  return out;
}

// Read as a limit, the 0 would let nothing through, and read as none it would take a limit away.
constexpr const char* write_off = "write `off` for no limit";

bool has_off(const Spec& spec) {
  return spec.zero_word == "off";
}

}  // namespace

void Loader::read(const Node& node, bool& out, const Spec&) {
  const std::string* text = read_number(node, "`true` or `false`");
  if (!text) return;
  auto value = parse_boolean(*text);
  if (!value) return fail("expected `true` or `false`");
  out = *value;
}

void Loader::read(const Node& node, std::uint32_t& out, const Spec& spec) {
  std::string expected = "a whole number";
  if (!spec.zero_word.empty()) expected.append(" or `").append(spec.zero_word).append("`");
  if (node.is_scalar() && !spec.zero_word.empty() && node.text == spec.zero_word) {
    out = 0;
    return;
  }
  const std::string* text = read_number(node, expected);
  if (!text) return;
  auto value = parse_integer(*text);
  if (!value) return fail("expected " + expected + ", without sign and leading zeros");
  if (*value > std::numeric_limits<std::uint32_t>::max()) return fail("is too large");
  // The word alone stands for 0 here.
  if (*value == 0 && has_off(spec)) return fail(write_off);
  if (*value == 0 && spec.min > 0) return fail("must be at least " + std::to_string(spec.min));
  out = static_cast<std::uint32_t>(*value);
}

void Loader::read(const Node& node, Duration& out, const Spec& spec) {
  std::string expected = "a duration such as `250ms`, `5s`, `2m`, `1h` or `7d`";
  if (!spec.zero_word.empty()) expected.append(", or `").append(spec.zero_word).append("`");
  if (!node.is_scalar()) return fail_kind(node, expected);
  if (!spec.zero_word.empty() && node.text == spec.zero_word) {
    out = Duration(0);
  } else if (auto value = parse_duration(node.text)) {
    if (value->count() == 0 && has_off(spec)) return fail(write_off);
    out = *value;
  } else {
    fail("expected " + expected);
  }
}

void Loader::read(const Node& node, Bytes& out, const Spec& spec) {
  std::string expected = "a size such as `512`, `16KiB`, `1MiB` or `2GiB`";
  if (!spec.zero_word.empty()) expected.append(", or `").append(spec.zero_word).append("`");
  if (!node.is_scalar()) return fail_kind(node, expected);
  bool is_quoted_number = node.quoted && !node.expanded && parse_integer(node.text);
  if (!spec.zero_word.empty() && node.text == spec.zero_word) {
    out = Bytes{0};
  } else if (auto value = parse_bytes(node.text); value && !is_quoted_number) {
    if (value->count == 0 && has_off(spec)) return fail(write_off);
    out = *value;
  } else {
    fail("expected " + expected);
  }
}

std::optional<std::size_t> Loader::read_word(const Node& node, std::span<const std::string_view> words) {
  if (!node.is_scalar()) return fail_kind(node, in_quotes(words)), std::nullopt;
  auto found = std::find(words.begin(), words.end(), node.text);
  if (found == words.end()) return fail("must be " + in_quotes(words)), std::nullopt;
  return static_cast<std::size_t>(found - words.begin());
}

void Loader::read(const Node& node, std::string& out, const Spec& spec) {
  if (!spec.words.empty()) {
    if (auto index = read_word(node, spec.words)) out = spec.words[*index];
    return;
  }
  if (spec.format == Format::text) {
    if (!node.is_scalar()) return fail_kind(node, "a text");
    out = node.text;
  } else if (const std::string* text = read_text(node, row_of(spec.format).title)) {
    out = *text;
  }
}

FilePath Loader::resolve(std::string written) const {
  std::filesystem::path folder = std::filesystem::path(file_).parent_path();
  std::string resolved = (folder / written).string();
  return {std::move(written), std::move(resolved)};
}

void Loader::read(const Node& node, FilePath& out, const Spec& spec) {
  const std::string* text = read_text(node, spec.folder ? "a folder's name" : "a file's name");
  if (!text) return;
  if (auto complaint = judge(Format::line, *text)) return fail(std::move(*complaint));
  out = resolve(*text);
}

void Loader::read(const Node& node, Secret& out, const Spec&) {
  if (const std::string* text = read_text(node, "a text")) out = Secret(*text);
}

void Loader::read(const Node& node, Json& out, const Spec&) {
  if (node.is_null()) return fail_kind(node, "a value");
  auto value = to_json(node);
  if (!value) return fail(std::move(value.error()));
  out = std::move(*value);
}

void Loader::read(const Node& node, ClaimName& out, const Spec&) {
  if (!node.is_list()) {
    if (const std::string* text = read_text(node, "a claim's name, or a list of the names on the way to it"))
      out.path = *text;
    return;
  }
  if (node.items.empty()) return fail("must not be empty");
  std::vector<std::string> segments;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Step step(*this, i, node.items[i].mark);
    const std::string* text = read_text(node.items[i], "a name");
    segments.push_back(text ? *text : std::string());
  }
  out.path = std::move(segments);
}

void Loader::read(const Node& node, AnyOr& out, const Spec&) {
  constexpr std::string_view expected = "`any`, a text, or a list of texts";
  if (node.is_map() || node.is_null()) return fail_kind(node, expected);
  if (node.is_scalar()) {
    if (!read_text(node, expected)) return;
    out.any = node.text == "any";
    if (!out.any) out.names = {node.text};
    return;
  }
  if (node.items.empty()) return fail("must not be empty");
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Step step(*this, i, node.items[i].mark);
    const std::string* text = read_text(node.items[i], "a text");
    if (text && *text == "any") fail("`any` stands alone, not in a list");
    out.names.push_back(text ? *text : std::string());
  }
}

void Loader::read(const Node& node, std::optional<Pattern>& out, const Spec&) {
  const std::string* text = read_text(node, "a pattern");
  if (!text) return;
  auto pattern = Pattern::compile(*text);
  if (!pattern)
    return fail("is not a pattern in RE2 syntax: " + (node.expanded ? std::string("cannot compile") : pattern.error()));
  out = std::move(*pattern);
}

}  // namespace postern::conf
