// Where the token of a request stands, and how it is taken out before the request goes on. Pure: heads in, heads out.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/reason.hpp"
#include "conf/config.hpp"
#include "filters/token_place.hpp"
#include "gateway/http/head.hpp"

namespace postern::filters {

struct FoundToken {
  std::string_view token;    // empty: the request has none
  bool from_cookie = false;  // browsers send it unasked: see cross_site.hpp
};

// The places that one route reads. A place that it does not read does not count: nothing there is judged or removed.
//
// One token: an explicit place (header, query parameter, WebSocket subprotocol) wins over a cookie; two explicit ones
// are token_multiple. Of cookies of different names the one listed first counts. What one place refuses is told in
// token_place.hpp; a token of more than `token_bytes` is token_too_large.
class TokenSources {
 public:
  // Without sources: `Authorization: Bearer`.
  TokenSources(const std::vector<conf::TokenSource>& sources, std::size_t token_bytes);

  tl::expected<FoundToken, Refusal> find(const http::RequestHead& head) const;

  // Takes tokens out of every place of this route. Shortened lists are allocated from `memory`, which lives as long as
  // the head.
  void remove(http::RequestHead& head, std::pmr::memory_resource& memory) const;

  // The subprotocol to select in a `101` whose upstream selected none: browsers fail a handshake that answers none of
  // those they offered. Empty unless remove() took a token out of this request's list.
  std::string_view protocol_to_select(const http::RequestHead& head) const noexcept;

 private:
  std::vector<TokenPlace> places_;  // explicit ones first
  std::size_t token_bytes_;
};

}  // namespace postern::filters
