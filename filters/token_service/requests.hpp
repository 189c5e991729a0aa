// What each endpoint is asked, as values; from parameters and cookies. Parameters that nobody knows are ignored (RFC
// 6749 section 3.2). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>

#include "accounts/credentials.hpp"
#include "base/reason.hpp"
#include "base/secret.hpp"
#include "filters/token_service/parameters.hpp"

namespace postern::token_service {

struct LoginRequest {
  accounts::Credentials credentials;
};

// The tokens of one session, as a request carries them.
struct SentTokens {
  std::optional<Secret> refresh_token;
  std::optional<Secret> access_token;
  bool by_cookie = false;  // a cookie's token is among them: cross-site requests are refused, the answer sets cookies
  bool access_by_cookie = false;  // the access token is one
};

struct RefreshRequest {
  SentTokens tokens;
  std::string scope;  // may only narrow (RFC 6749 section 6); empty: all of it
};
struct LogoutRequest {
  SentTokens tokens;
  bool everywhere = false;  // all sessions of the user
};
struct ClientCredentialsRequest {
  std::string scope;     // empty: all of the client's
  std::string audience;  // one of the client's; empty: all of them
};
using TokenRequest = std::variant<RefreshRequest, ClientCredentialsRequest>;  // by `grant_type`

// What a request of a session's endpoint has beside its body; each empty where there is none.
struct Carried {
  std::string_view bearer;  // the token of `Authorization: Bearer`
  std::string_view access_cookie;
  std::string_view refresh_cookie;
};

// `username` and `password`. Refuses request_malformed when one is left out.
tl::expected<LoginRequest, Refusal> read_login(const Parameters& parameters);

// `refresh_token`, `access_token` and `scope`. A refresh token of the body wins, and then no cookie counts: whatever
// browser it came from, the request says itself which session it means. An access token both in the header and in the
// body is token_multiple.
tl::expected<RefreshRequest, Refusal> read_refresh(const Parameters& parameters, const Carried& carried);

// The same tokens, and `all`, which is "true" or "false"; else request_malformed.
tl::expected<LogoutRequest, Refusal> read_logout(const Parameters& parameters, const Carried& carried);

// Refuses request_malformed without `grant_type`, or without `refresh_token` for that grant; grant_unsupported for
// other grants.
tl::expected<TokenRequest, Refusal> read_token_request(const Parameters& parameters);

// The token that is to be revoked (RFC 7009 section 2.1) or told about (RFC 7662 section 2.1); request_malformed
// without one. `token_type_hint` is not needed: no token has the form of both kinds.
tl::expected<Secret, Refusal> read_asked_token(const Parameters& parameters);

// What is asked, each scope once. Asked for nothing: all that is granted. Refuses scope_invalid: more than is granted,
// or a list that RFC 6749 section 3.3 does not know (scopes with one space between them).
tl::expected<std::string, Refusal> narrow_scope(std::string_view asked, std::string_view granted);

}  // namespace postern::token_service
