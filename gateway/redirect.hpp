// Where redirects lead: those of routes, and those of listeners that send every client to https.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "conf/config.hpp"
#include "gateway/http/head.hpp"

namespace postern {

// The Location value: in `to`, `{path}` stands for the request's canonical path and `{query}` for its query with the
// `?`, nothing without one.
std::string redirect_target(const conf::Redirect& redirect, const http::RequestHead& request);

// The port of https to which a listener sends its clients; 0: it serves them itself.
std::uint16_t https_port_of(const conf::Listener& listener) noexcept;

// The Location value: the same request under https at `port`, made of its host without a port, its canonical path and
// its query. The head is one that judge_target() has accepted, so that nothing else than its own host can stand there.
// Refuses request_malformed without a host, which HTTP/1.0 may leave out.
tl::expected<std::string, Refusal> https_location(const http::RequestHead& request, std::uint16_t port);

}  // namespace postern
