// The schemas of single values and of lists, from which schema.cpp builds that of the file.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/json.hpp"
#include "conf/spec.hpp"

namespace postern::conf::schema {

inline constexpr std::string_view variable_pattern = R"(\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\})";

// JSON values.
Json text(std::string_view value);
Json number(std::uint64_t value);
Json texts(std::span<const std::string_view> values);

// `{"anyOf": [...]}` and `{"type": ...}`.
Json any_of(Json::Array alternatives);
Json typed(std::string_view type);

// A text with a variable in it, by reference.
Json variable();

// A text of that pattern, or one with a variable in it; `like_number`: a reader may take it for a number or boolean.
Json of_text(std::string_view pattern, bool like_number);
Json of_text(Format format);

// An integer within the bounds of `spec` and not above `highest`, without the word for 0.
Json of_integer(const Spec& spec, std::uint64_t highest);
Json of_number(const Spec& spec);
Json of_duration(const Spec& spec);
Json of_size(const Spec& spec);
Json of_word(std::span<const std::string_view> words);
Json of_claim(const Spec& spec);
Json of_any_or(const Spec& spec);
Json of_list(Json item, const Spec& spec);

// Any value but nothing.
Json of_value();

}  // namespace postern::conf::schema
