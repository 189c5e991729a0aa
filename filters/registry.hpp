// The filters of postern and their order. The user's file never orders them.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "filters/keys/engine.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

// Loads the keys of every provider, or has `engine` fetch them, and makes the factory of one snapshot. Without an
// engine nothing is fetched: for checking a configuration. What is wrong with keys goes to `problems`; with errors
// there the chains must not be used. The factory refers to `config`, which must live as long as the factory; the chains
// that it makes refer to neither, and to the engine.
std::unique_ptr<FilterFactory> make_filters(const conf::Config& config, keys::Engine* engine, conf::Problems& problems);

// The names in the order of on_request().
std::vector<std::string_view> filter_names();

}  // namespace postern::filters
