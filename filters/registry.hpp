// The filters of postern and their order. The user's file never orders them.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "filters/keys/engine.hpp"
#include "filters/token_service/engine.hpp"
#include "gateway/filter.hpp"

namespace postern::filters {

// What outlives the snapshots. For checking a configuration there are none: nothing is fetched, opened or made.
struct Engines {
  keys::Engine* keys = nullptr;
  token_service::Engine* tokens = nullptr;
};

// Loads the keys of every provider, or has them fetched, and makes the factory of one snapshot. What is wrong with keys
// goes to `problems`; with errors there the chains must not be used. Where it comes with errors, of the configuration's
// text, nothing is fetched, opened or made either, and each file that these leave alone is looked at. The factory
// refers to `config`, which must live as long as the factory; the chains that it makes refer to neither, and to the
// engine.
std::unique_ptr<FilterFactory> make_filters(const conf::Config& config, const Engines& engines,
                                            conf::Problems& problems);

// The names in the order of on_request().
std::vector<std::string_view> filter_names();

}  // namespace postern::filters
