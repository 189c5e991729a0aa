// Without RAPIDJSON_SSE2 and its like: 1.1.0 takes control characters from U+001A on for text when it scans strings
// sixteen bytes at a step.
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory_resource>

#include "base/json.hpp"
#include "base/utf8.hpp"

namespace postern {
namespace {

// Iterative: deep input must not reach the machine's stack. Numbers as strings: RapidJSON's own conversion reads out of
// bounds for some exponents, and would round. Its validation of UTF-8 is left off: it lets lone surrogates pass and
// costs a fifth of the time; is_utf8() sees the whole text and each string instead.
constexpr unsigned parse_flags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseInsituFlag;

// Room for what most tokens hold, so that the stacks do not grow step by step.
constexpr std::size_t usual_values = 16;

// Up to here comparing every pair of names is quicker than sorting them.
constexpr std::size_t pairwise_names = 16;

bool has_duplicates(const Json::Object& object) {
  if (object.size() <= pairwise_names) {
    for (std::size_t i = 1; i < object.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (object[i].first == object[j].first) return true;
      }
    }
    return false;
  }
  std::vector<std::string_view> names;
  names.reserve(object.size());
  for (const Json::Member& member : object) names.push_back(member.first);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// Receives RapidJSON's events. Finished values wait on one stack, names on another, until the end of their array or
// object tells how many of them it takes. Each event returns false to stop the parser, with `fault()` saying why.
class Builder {
 public:
  Builder(const JsonLimits& limits, std::pmr::memory_resource& memory)
      : limits_(limits), values_(&memory), names_(&memory) {
    values_.reserve(usual_values);
    names_.reserve(usual_values);
  }

  bool Null() { return add(); }
  bool Bool(bool value) { return add(value); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    return add(Json::Number{std::string(text, length)});
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    // An escaped lone surrogate passes RapidJSON and comes out as ill-formed UTF-8.
    if (!is_utf8({text, length})) return refuse("a string is not valid UTF-8");
    return add(std::string(text, length));
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    if (!is_utf8({text, length})) return refuse("a member name is not valid UTF-8");
    names_.emplace_back(text, length);
    return true;
  }
  bool StartObject() { return open(); }
  bool StartArray() { return open(); }

  bool EndObject(rapidjson::SizeType count) {
    Json::Object object;
    object.reserve(count);
    const auto values = values_.end() - count;
    const auto names = names_.end() - count;
    for (rapidjson::SizeType i = 0; i < count; ++i) object.emplace_back(names[i], std::move(values[i]));
    values_.erase(values, values_.end());
    names_.erase(names, names_.end());
    if (has_duplicates(object)) return refuse("an object has two members of one name");
    return close(std::move(object));
  }
  bool EndArray(rapidjson::SizeType count) {
    const auto values = values_.end() - count;
    Json::Array array(std::make_move_iterator(values), std::make_move_iterator(values_.end()));
    values_.erase(values, values_.end());
    return close(std::move(array));
  }

  // RapidJSON's handlers have these too; with numbers as strings they are never called.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  const char* fault() const noexcept { return fault_; }
  Json take_root() { return std::move(values_.back()); }

 private:
  bool refuse(const char* why) {
    fault_ = why;
    return false;
  }
  bool count_value() { return ++count_ <= limits_.values || refuse("too many values"); }
  // Made in place: moving a temporary Json makes g++ 12 warn about members of other alternatives.
  template <typename... Parts>
  bool add(Parts&&... parts) {
    values_.emplace_back(std::forward<Parts>(parts)...);
    return count_value();
  }
  bool open() { return ++depth_ <= limits_.depth ? count_value() : refuse("nested too deep"); }
  template <typename Elements>
  bool close(Elements&& elements) {
    --depth_;
    values_.emplace_back(std::forward<Elements>(elements));
    return true;
  }

  const JsonLimits& limits_;
  std::pmr::vector<Json> values_;
  std::pmr::vector<std::string_view> names_;  // in the text, which is parsed in place
  std::size_t depth_ = 0;
  std::size_t count_ = 0;
  const char* fault_ = "";
};

}  // namespace

tl::expected<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes) return tl::unexpected(JsonError{limits.bytes, "the text is too long"});
  if (text.starts_with("\xEF\xBB\xBF")) return tl::unexpected(JsonError{0, "the text starts with a byte order mark"});
  // RapidJSON takes a NUL for the end of the text and would ignore what follows.
  if (const auto nul = text.find('\0'); nul != text.npos) {
    return tl::unexpected(JsonError{nul, "the text holds a NUL"});
  }
  if (const std::size_t well_formed = utf8_prefix(text); well_formed != text.size()) {
    return tl::unexpected(JsonError{well_formed, "the text is not valid UTF-8"});
  }
  // What is needed while parsing lies on the stack, for a token of usual size: an allocation for each part would take
  // as long as the parsing.
  alignas(std::max_align_t) std::array<std::byte, 4096> room;
  std::pmr::monotonic_buffer_resource memory(room.data(), room.size());
  char* const scratch = static_cast<char*>(memory.allocate(text.size() + 1, 1));  // strings are unescaped in place
  *std::copy(text.begin(), text.end(), scratch) = '\0';
  Builder builder(limits, memory);
  rapidjson::InsituStringStream stream(scratch);
  alignas(std::max_align_t) std::array<char, 1024> states;
  rapidjson::MemoryPoolAllocator<> states_memory(states.data(), states.size());
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, rapidjson::MemoryPoolAllocator<>> reader(
      &states_memory);
  const rapidjson::ParseResult result = reader.Parse<parse_flags>(stream, builder);
  if (result) return builder.take_root();
  const bool by_builder = result.Code() == rapidjson::kParseErrorTermination;
  return tl::unexpected(
      JsonError{result.Offset(), by_builder ? builder.fault() : rapidjson::GetParseError_En(result.Code())});
}

}  // namespace postern
