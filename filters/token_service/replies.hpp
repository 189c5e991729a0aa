// What each endpoint answers, as text. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/secret.hpp"
#include "conf/token_service.hpp"
#include "state/session.hpp"

namespace postern::token_service {

struct IssuedTokens {
  std::string access_token;
  double expires_in = 0;  // seconds
  std::optional<Secret> refresh_token;
  double refresh_expires_in = 0;  // seconds
  std::string scope;              // empty: not told
};
using Delivery = conf::TokenDelivery;

// RFC 6749 section 5.1, and `refresh_expires_in` beside a refresh token. With cookies alone the tokens themselves are
// left out, since a page's scripts are not to have them. Times are whole seconds.
std::string token_reply(const IssuedTokens& tokens, Delivery delivery);

// RFC 7662 section 2.2, of a valid access token: the claims that the section knows, and no others.
std::string introspection_reply(const Json& access_claims);

// Of a refresh token that is good: whose it is, and until when (Unix milliseconds).
std::string introspection_reply(const state::Family& family, state::Millis expires);

// For every other token: `{"active":false}` and nothing else, so that nobody learns why.
std::string inactive_reply();

struct MetadataFacts {
  std::string issuer;
  std::string base;  // of the endpoints' URLs: the issuer's origin and the service's path
  std::vector<std::string> scopes, grants;
};

// RFC 8414 section 2.
std::string metadata_reply(const MetadataFacts& facts);

}  // namespace postern::token_service
