// The router's tree of path segments and the conditions of the routes that hang in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "conf/config.hpp"
#include "gateway/http/head.hpp"
#include "gateway/http/words.hpp"

namespace postern {

// The conditions of one route beside host and path; shared by all the places where the route hangs.
struct RouteEntry {
  std::size_t index = 0;  // into Snapshot::route_configs
  std::vector<std::string> methods;
  std::vector<std::pair<std::string, conf::HeaderMatch>> headers;
  std::vector<std::string> segment_names;  // of a template, from the left

  RouteEntry(const conf::RouteMatch& match, std::size_t route);
  bool names(std::string_view method) const noexcept;
  // A route with GET takes HEAD too: the same but for the content (RFC 9110 section 9.3.2).
  bool takes(std::string_view method) const noexcept;
  // True when each header condition holds for every field of its name: a second field cannot slip past.
  bool headers_hold(const http::Fields& fields) const;
  std::size_t conditions() const noexcept { return headers.size() + (methods.empty() ? 0 : 1); }
};

// The most specific first.
using RouteEntries = std::vector<const RouteEntry*>;

// Eight bytes a step, and views are looked up without making strings of them. No secret goes in: the tables hold the
// configuration's own texts, so no request can crowd them. With `without_case` the case of letters does not matter.
template <bool without_case>
struct WordHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    std::uint64_t hash = text.size();
    const auto add = [&](http::Word word) {
      hash = (hash ^ (without_case ? http::fold_word(word) : word)) * 0x9E3779B97F4A7C15u;
      hash ^= hash >> 32;
    };
    for (; text.size() >= http::word_bytes; text.remove_prefix(http::word_bytes)) add(http::load_word(text.data()));
    if (!text.empty()) add(http::load_short(text.data(), text.size()));
    return hash;
  }
};

// A place in the tree of path segments. A final slash is an empty last segment: `/a/` is `a` and then nothing.
struct RouteNode {
  std::unordered_map<std::string, std::unique_ptr<RouteNode>, WordHash<false>, std::equal_to<>> literal;
  std::unique_ptr<RouteNode> any;  // where templates have a name
  RouteEntries exact;              // paths and templates that end here
  RouteEntries prefix;             // `/a`: here and below
  RouteEntries prefix_below;       // `/a/`: below only

  // Hangs the entry under this root at the place that the route's path names.
  void hang(const conf::RouteMatch& match, const RouteEntry* entry);
};

// Takes the first segment off `rest`, which begins with a slash.
std::string_view take_segment(std::string_view& rest) noexcept;

// `{id}`: a segment of a template that stands for any one segment.
bool is_segment_name(std::string_view segment) noexcept;

}  // namespace postern
