// Without RAPIDJSON_SSE2 and its like: 1.1.0 takes control characters from U+001A on for text when it scans strings
// sixteen bytes at a step.
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory_resource>
#include <tuple>

#include "base/json.hpp"
#include "base/json_string.hpp"
#include "base/utf8.hpp"

namespace postern {
namespace {

// UTF-8, of which Transcoder below copies more than a byte at a time.
struct Utf8Runs : rapidjson::UTF8<> {};

}  // namespace
}  // namespace postern

// How RapidJSON copies from a string what is neither its end nor an escape. It looks at the byte behind by itself, so
// all that this has to see to is that the run ends before anything that is not plain.
template <>
struct rapidjson::Transcoder<postern::Utf8Runs, postern::Utf8Runs> : Transcoder<UTF8<>, UTF8<>> {
  using Transcoder<UTF8<>, UTF8<>>::Transcode;
  static bool Transcode(rapidjson::InsituStringStream& from, rapidjson::InsituStringStream& to) {
    const std::size_t length = postern::plain_length(from.src_);
    if (from.src_ != to.dst_) std::memmove(to.dst_, from.src_, length);  // behind an escape
    from.src_ += length;
    to.dst_ += length;
    return true;
  }
};

// As RapidJSON's own, and in its place where it is called, whatever else the compiler has put there.
template <>
[[gnu::always_inline]] inline void rapidjson::SkipWhitespace(InsituStringStream& stream) {
  while (*stream.src_ == ' ' || *stream.src_ == '\n' || *stream.src_ == '\r' || *stream.src_ == '\t') ++stream.src_;
}

namespace postern {
namespace {

// Numbers as strings: RapidJSON's own conversion reads out of bounds for some exponents, and would round. Its
// validation of UTF-8 is left off: it lets lone surrogates pass and costs a fifth of the time; is_utf8() sees the whole
// text and each string that was escaped instead. Its recursion is bounded: JsonBuilder refuses an array or object
// before it is entered.
constexpr unsigned parse_flags = rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseInsituFlag;

// Room for the members of most tokens, so that their list does not grow step by step. Only the outermost object has it:
// a long list of small objects would waste it each time.
constexpr std::size_t usual_members = 12;

// Up to here comparing every pair of names is quicker than sorting them.
constexpr std::size_t pairwise_names = 16;

bool has_duplicates(const Json::Object& object) {
  if (object.size() <= pairwise_names) {
    for (std::size_t i = 1; i < object.size(); ++i) {
      const std::string& name = object[i].first;
      for (std::size_t j = 0; j < i; ++j) {
        const std::string& other = object[j].first;
        // Mostly the first letter tells them apart, for less than a call.
        if (name.size() == other.size() && name[0] == other[0] && name == other) return true;
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

}  // namespace

// Receives RapidJSON's events and makes each value where it will stay: as the root, as the last element of the
// innermost open array, or as the last member of the innermost open object. The lists around an open one do not grow,
// so pointers to open ones hold. Each event returns false to stop the parser, with `fault()` saying why.
class JsonBuilder {
 public:
  // The outermost object's array of that name, whose elements are judged each by itself.
  struct JudgedList {
    std::string_view name;
    std::vector<JsonWithList::Odd> odd;
  };

  // `escapes`: strings may hold what the text did not show, escaped lone surrogates. `list` may be null.
  JsonBuilder(const JsonLimits& limits, bool escapes, JudgedList* list, std::pmr::memory_resource& memory)
      : limits_(limits), escapes_(escapes), list_(list), open_(&memory) {
    open_.reserve(8);
  }

  bool Null() { return count_value() && add<std::monostate>() != nullptr; }
  bool Bool(bool value) { return count_value() && add<bool>(value) != nullptr; }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    return count_value() && add<Json::Number>(Json::Number{std::string(text, length)}) != nullptr;
  }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    // An escaped lone surrogate passes RapidJSON and comes out as ill-formed UTF-8.
    const bool is_odd = escapes_ && !is_utf8({text, length});
    if (!count_value()) return false;
    add<std::string>(text, length);
    return !is_odd || is_in_list("a string is not valid UTF-8");
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    name_ = {text, length};  // stays where it is: parsed in situ
    return !escapes_ || is_utf8({text, length}) || is_in_list("a member name is not valid UTF-8");
  }

  bool StartObject() {
    Json* const object = open<Json::Object>();
    if (object == nullptr) return false;
    if (open_.size() == 1) std::get_if<Json::Object>(&object->value_)->reserve(usual_members);
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    const bool unique = !has_duplicates(*open_.back()->object());
    open_.pop_back();
    return unique || is_in_list("an object has two members of one name");
  }
  bool StartArray() { return open<Json::Array>() != nullptr; }
  bool EndArray(rapidjson::SizeType) {
    open_.pop_back();
    return true;
  }

  // RapidJSON's handlers have these too; with numbers as strings they are never called.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  const char* fault() const noexcept { return fault_; }
  Json take_root() {
    if (list_ != nullptr && !list_->odd.empty()) empty_odd_elements();
    return std::move(*root_);
  }

 private:
  bool refuse(const char* why) {
    fault_ = why;
    return false;
  }
  // What is odd has been added, has just ended, or is the name of what will be added. Whether that is in an element of
  // the list, which can only be the last so far: then it is noted, and parsing goes on. Otherwise it refuses the text.
  bool is_in_list(const char* odd) {
    const Json::Object* const members = list_ != nullptr && open_.size() >= 2 ? open_[0]->object() : nullptr;
    const bool is_there = members != nullptr && members->back().first == list_->name && open_[1]->array() != nullptr;
    if (!is_there) return refuse(odd);
    const std::size_t index = open_[1]->array()->size() - 1;
    if (list_->odd.empty() || list_->odd.back().index != index) list_->odd.push_back({index, odd});
    return true;
  }
  void empty_odd_elements() {
    auto& members = *std::get_if<Json::Object>(&root_->value_);
    const auto list =
        std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first == list_->name; });
    auto& elements = *std::get_if<Json::Array>(&list->second.value_);
    for (const JsonWithList::Odd& odd : list_->odd) elements[odd.index] = Json();
  }
  bool count_value() { return ++count_ <= limits_.values || refuse("too many values"); }

  template <class Value, class... Arguments>
  Json* add(Arguments&&... arguments) {
    constexpr std::in_place_type_t<Value> kind;
    if (open_.empty()) return &root_.emplace(kind, std::forward<Arguments>(arguments)...);
    if (auto* object = std::get_if<Json::Object>(&open_.back()->value_)) {
      return &object
                  ->emplace_back(std::piecewise_construct, std::tuple(name_),
                                 std::forward_as_tuple(kind, std::forward<Arguments>(arguments)...))
                  .second;
    }
    return &std::get_if<Json::Array>(&open_.back()->value_)->emplace_back(kind, std::forward<Arguments>(arguments)...);
  }

  template <class List>
  Json* open() {
    const bool fits = open_.size() < limits_.depth || refuse("nested too deep");
    return fits && count_value() ? open_.emplace_back(add<List>()) : nullptr;
  }

  const JsonLimits& limits_;
  bool escapes_;
  JudgedList* const list_;
  std::optional<Json> root_;
  std::pmr::vector<Json*> open_;  // outermost first
  std::string_view name_;         // of the innermost open object's next member
  std::size_t count_ = 0;
  const char* fault_ = "";
};

namespace {

tl::expected<Json, JsonError> parse_text(std::string_view text, const JsonLimits& limits,
                                         JsonBuilder::JudgedList* list) {
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
  // Strings are unescaped in place.
  char* const scratch = static_cast<char*>(memory.allocate(text.size() + plain_length_reads, 1));
  std::fill_n(std::copy(text.begin(), text.end(), scratch), plain_length_reads, '\0');
  JsonBuilder builder(limits, text.find('\\') != text.npos, list, memory);
  rapidjson::InsituStringStream stream(scratch);
  alignas(std::max_align_t) std::array<char, 1024> states;
  rapidjson::MemoryPoolAllocator<> states_memory(states.data(), states.size());
  rapidjson::GenericReader<Utf8Runs, Utf8Runs, rapidjson::MemoryPoolAllocator<>> reader(&states_memory);
  const rapidjson::ParseResult result = reader.Parse<parse_flags>(stream, builder);
  if (result) return builder.take_root();
  const bool by_builder = result.Code() == rapidjson::kParseErrorTermination;
  return tl::unexpected(
      JsonError{result.Offset(), by_builder ? builder.fault() : rapidjson::GetParseError_En(result.Code())});
}

}  // namespace

tl::expected<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits) {
  return parse_text(text, limits, nullptr);
}

tl::expected<JsonWithList, JsonError> parse_json_with_list(std::string_view text, std::string_view list,
                                                           const JsonLimits& limits) {
  JsonBuilder::JudgedList judged{list, {}};
  return parse_text(text, limits, &judged).map([&](Json&& document) {
    return JsonWithList{std::move(document), std::move(judged.odd)};
  });
}

}  // namespace postern
