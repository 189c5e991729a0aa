// An HTTP/1.1 POST of one JSON text, by the connections of a fetch.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "base/secret.hpp"
#include "filters/keys/fetch.hpp"
#include "gateway/filter.hpp"

namespace postern::keys {

// A response of any status.
struct Posted {
  unsigned status = 200;
  std::string body;  // of a 200; empty else
};

// Posts `body` to `url`, once: what it asks for may count. Connects as fetch() does, with the same headers, proxy,
// limits and refused addresses; but `options.timeout` is the time of the whole exchange, and a redirect is an answer
// like any other, since the body may be meant for nobody else. Fails where no response came that is good HTTP/1.1. The
// arguments must live until the end.
Task<tl::expected<Posted, FetchFailure>> post(const conf::Url& url, const Secret& body, const FetchOptions& options);

}  // namespace postern::keys
