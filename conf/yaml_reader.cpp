// The only place that meets the YAML library's parser, and makes up for what it lets pass.
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>

#include "base/utf8.hpp"
#include "conf/tree.hpp"
#include "conf/tree_builder.hpp"

namespace postern::conf {
namespace {

// Reads a string_view without copying it.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf's get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

// Where a mark stands in the text; its column counts bytes.
std::size_t offset_of(std::string_view text, const Mark& mark) {
  std::size_t at = 0;
  for (int line = 1; line < mark.line; ++line) at = std::min(text.find('\n', at), text.size() - 1) + 1;
  return at + static_cast<std::size_t>(mark.column - 1);
}

// The library accepts a quoted scalar that the end of the text cuts off, as a half-written file has it.
bool is_cut_off(std::string_view text, const Mark& last_quoted) {
  std::size_t at = offset_of(text, last_quoted);
  const char quote = at < text.size() ? text[at] : ' ';
  if (quote != '"' && quote != '\'') return false;  // a block scalar
  for (++at; at < text.size(); ++at) {
    bool is_escape = quote == '"' ? text[at] == '\\' : text.substr(at).starts_with("''");
    if (is_escape) {
      ++at;
    } else if (text[at] == quote) {
      return false;
    }
  }
  return true;
}

// What the library says, with the usual cause.
std::string explain(const std::string& message) {
  if (message == YAML::ErrorMsg::MAP_VALUE) return message + "; a text with `: ` in it needs quotes";
  if (message == YAML::ErrorMsg::END_OF_MAP || message == YAML::ErrorMsg::END_OF_SEQ)
    return message + "; does the indentation agree?";
  if (message == YAML::ErrorMsg::UNKNOWN_TOKEN)
    return message + "; a text that begins with a special character needs quotes";
  if (message == YAML::ErrorMsg::BLOCK_ENTRY) return message + "; indentation is made of spaces, not of tabs";
  return message;
}

ParsedTree one_error(std::string message) {
  return {std::nullopt, {{{}, "", std::move(message)}}};
}

}  // namespace

ParsedTree parse_tree(std::string_view text, const TreeLimits& limits) {
  if (text.size() > limits.bytes) return one_error("is longer than " + std::to_string(limits.bytes) + " bytes");
  if (!is_utf8(text) || text.find('\0') != text.npos) return one_error("is not UTF-8 text");
  TreeBuilder builder(limits);
  ParsedTree parsed;
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    parsed.root = builder.take_root();
    parsed.errors = builder.take_errors();
    if (TreeBuilder second(limits); parser.HandleNextDocument(second)) {
      parsed.errors.push_back(
          {second.take_root().mark, "", "a second document begins here; the file holds exactly one"});
    }
    if (auto last = builder.last_quoted(); last && is_cut_off(text, *last)) {
      parsed.errors.push_back({*last, "", "the text that begins here has no end; is the file complete?"});
    }
  } catch (const YAML::Exception& error) {
    if (!parsed.root) parsed.errors = builder.take_errors();
    Mark mark = error.mark.is_null() ? Mark{} : to_mark(error.mark);
    parsed.errors.push_back({mark, parsed.root ? std::string() : builder.path(), explain(error.msg)});
    parsed.root.reset();
  }
  return parsed;
}

}  // namespace postern::conf
