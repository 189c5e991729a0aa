// Cookies in header fields (RFC 6265bis sections 4.1 and 4.2). Pure.
#pragma once

#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "gateway/http/head.hpp"

namespace postern::http {

// The value of the cookie of exactly this name, without quotes around it; empty when there is none. Refuses
// token_multiple: the name twice, in one Cookie field or several.
tl::expected<std::string_view, Refusal> read_cookie(const RequestHead& head, std::string_view name);

// Cuts these cookies out of every Cookie field, whatever the case of their names, since some origins do not look at it,
// and also where a `=` stands before them, which some skip. A field that holds no other goes as a whole. A shortened
// list is allocated from `memory`, which lives as long as the head; where nothing is cut nothing is allocated.
void remove_cookies(RequestHead& head, std::span<const std::string> names, std::pmr::memory_resource& memory);

// Removes the Set-Cookie fields that would set one of these, compared like those of remove_cookies().
void remove_set_cookies(ResponseHead& head, std::span<const std::string> names);

}  // namespace postern::http
