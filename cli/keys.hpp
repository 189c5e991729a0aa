// `postern keys list|rotate`: what the admin listener answers, for people.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::cli {

// The answer of `/keys` as a table: a heading, then a line for each key, times in UTC. A last line tells when the
// gateway could not ask its store. Refuses what is no such answer, with a sentence.
tl::expected<std::string, std::string> keys_table(std::string_view answer);

}  // namespace postern::cli
