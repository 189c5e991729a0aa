// What a fetch says, and where it may say it. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/keys/fetch.hpp"

namespace postern::keys {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// Why nothing may be asked of this URL: http to elsewhere than loopback, or a host that is an address which
// refuse_address() refuses, also in the spellings that inet_aton() takes (`0xa9fea9fe`).
std::optional<std::string> refuse_url(const conf::Url& url, const FetchOptions& options);

// Why this address, which the name `host` resolved to, may not be connected to. A name that must be loopback because
// http is allowed to nothing else must also resolve to it.
std::optional<std::string> refuse_resolved(std::string_view address, bool must_be_loopback,
                                           const FetchOptions& options);

bool same_origin(const conf::Url& a, const conf::Url& b) noexcept;

// Why these headers cannot be sent: a name that is no token, a control character in a value. Never repeats the value.
std::optional<std::string> refuse_headers(const HeaderList& headers);

// The head of a GET. `headers` replace Accept and User-Agent; those that frame the message, and the conditional, are
// left out. `absolute` writes the whole URL as a proxy wants it (RFC 9112 section 3.2.2). An etag that is no field
// value is left out.
std::string write_get(const conf::Url& url, bool absolute, const std::string& etag, const HeaderList& headers);

// The head of a POST of that many bytes of JSON; `headers` and `absolute` as in write_get(), and of `headers` no
// Content-Type either.
std::string write_post(const conf::Url& url, bool absolute, std::size_t body_size, const HeaderList& headers);

// RFC 9110 section 9.3.6: the target is always host and port.
std::string write_connect(const conf::Url& url);

}  // namespace postern::keys
