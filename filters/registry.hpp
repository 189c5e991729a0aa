// The filters of postern and their order. The user's file never orders them.
#pragma once

#include <memory>

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
// goes to `problems`; with errors there the chains must not be used. Where `problems` has errors already, of the
// configuration's text, nothing is fetched, opened or made; files that no error is about are looked at all the same.
// The factory keeps a reference to `config`. The chains that it makes keep none to either, but use the engines.
std::unique_ptr<FilterFactory> make_filters(const conf::Config& config, const Engines& engines,
                                            conf::Problems& problems);

}  // namespace postern::filters
