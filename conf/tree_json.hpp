// Between YAML values and JSON values.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "base/json.hpp"
#include "conf/tree.hpp"

namespace postern::conf {

// Quoted scalars are strings. Plain ones are numbers, booleans and nulls as JSON writes them, else strings; what YAML
// readers disagree about (`yes`, `010`, `0x1F`, `.5`, `True`) is refused with the remedy.
tl::expected<Json, std::string> to_json(const Node& node);

Node to_tree(const Json& value);

// JSON text over several lines, two spaces a level, with a final newline.
std::string pretty(const Json& value);

}  // namespace postern::conf
