// One place where a token may stand: a header, a query parameter, a WebSocket subprotocol or a cookie.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "conf/config.hpp"
#include "gateway/http/head.hpp"

namespace postern::filters {

struct TokenPlace {
  enum class Kind : std::uint8_t { header, query, websocket_protocol, cookie };

  Kind kind = Kind::header;
  std::string name;    // of the field, parameter, subprotocol or cookie
  std::string prefix;  // of a header's value; empty: the whole value is the token
  http::KnownField known = http::KnownField::other;

  static TokenPlace from(const conf::TokenSource& source);
  static TokenPlace authorization();  // `Authorization: Bearer`
};

// The token that stands there, empty when there is none.
//
// - Header: the name in any spelling that folds to it (`X_Token`), since an upstream may read it so. Two fields of the
//   name, or a list in one (`Bearer a, Bearer b`), are token_multiple. The prefix is matched
//   without case and followed by one or more spaces; another scheme is no token; the prefix alone is token_malformed.
// - Query parameter: the name is compared decoded; a value that holds `%` or `+` is token_malformed, since no token
//   needs an encoding; the same parameter twice is token_multiple.
// - WebSocket subprotocol: the list element after the named one (all fields, in any spelling, are one list); the name
//   last is token_malformed, twice token_multiple.
// - Cookie: the same name twice is token_multiple; quotes around the value are not part of it.
//
// An empty value, as a logged-out browser sends it, is no token.
tl::expected<std::string_view, Refusal> read_token(const TokenPlace& place, const http::RequestHead& head);

// Takes tokens out: the field is removed (another scheme's stays), the parameter, the cookie or the subprotocol with
// its token is cut out of its list, and an emptied list goes as a whole.
void remove_token(const TokenPlace& place, http::RequestHead& head, std::pmr::memory_resource& memory);

}  // namespace postern::filters
