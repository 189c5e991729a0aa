// Where an issuer publishes its keys: OpenID Connect Discovery 1.0 and RFC 8414. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace postern::keys {

// The metadata URLs of an issuer in the order in which they are tried. The issuer's final slash is removed before
// anything is appended:
//   1. <issuer>/.well-known/openid-configuration                       OIDC Discovery section 4
//   2. <origin>/.well-known/oauth-authorization-server<path>           RFC 8414 section 3.1
//   3. <origin>/.well-known/openid-configuration<path>                 RFC 8414 section 5; left out when it equals 1
// None for an issuer that is no http or https URL or has a query: section 2 of RFC 8414 allows none.
std::vector<std::string> metadata_urls(std::string_view issuer);

// The `jwks_uri` of a metadata document. Refuses, with a sentence for the log: no JSON object, an `issuer` that is not
// byte for byte one of `issuers` (both are shown, and a difference by a final slash or by case alone is named), no
// `jwks_uri`. `issuers` empty: any issuer is accepted.
tl::expected<std::string, std::string> read_metadata(std::string_view document, std::span<const std::string> issuers);

// `https://login.example/{tenant}/v2.0` with each of `tenants` in the place of the one `{...}`. The text itself when it
// has none, or there are no tenants: no token has such an issuer, whereas an empty list could be taken for `any`.
std::vector<std::string> expand_tenants(std::string_view issuer, std::span<const std::string> tenants);

}  // namespace postern::keys
