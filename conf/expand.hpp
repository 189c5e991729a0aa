// Environment variables in the configuration's scalars.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "conf/load.hpp"
#include "conf/tree.hpp"

namespace postern::conf {

// Replaces `${NAME}` by the variable's value and `${NAME:-default}` by the default where the variable is unset or
// empty; `$${` writes a literal `${`. What is put in is not looked at again. The error is a sentence about an unset
// variable or a form that is none of these.
struct Expansion {
  std::string text;
  bool has_variables = false;
};
tl::expected<Expansion, std::string> expand(std::string_view text, const Environment& environment);

// The text that expand() turns into `text`.
std::string escape_variables(std::string_view text);

// Expands every scalar value (never a key) after parsing, so that no variable can change the document's form. Marks the
// scalars that held a variable: in quotes or not, such a scalar may be a number (`"${PORT}"`).
void expand_tree(Node& root, const Environment& environment, std::vector<TreeError>& errors);

}  // namespace postern::conf
