// The token service: postern issues the tokens that it validates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "conf/state_store.hpp"
#include "conf/values.hpp"

namespace postern::conf {

// The most that the configuration may say: however it was when a token was issued, the token is gone by then.
inline constexpr Duration most_access_lifetime{86'400'000};
inline constexpr Duration most_leeway{300'000};
inline constexpr Duration most_rotate_every{365LL * 86'400'000};
inline constexpr Duration most_publish_ahead{90LL * 86'400'000};

// The provider that a token service is, for the routes.
inline constexpr std::string_view token_service_name = "token_service";

// The client of the service's own logins, which come from no other (RFC 9068 wants one named).
inline constexpr std::string_view own_client = "postern";

enum class SameSite { lax, strict, none };
enum class TokenDelivery { json, cookies, both };

struct SessionCookies {
  SameSite same_site = SameSite::lax;
  bool secure = true;  // false: plain http on this machine; the names lose `__Host-`
  std::string access_name = "postern_access";
  std::string refresh_name = "postern_refresh";
  bool renew = true;  // renew an expired access token while a request is under way
};

// Bytes of the secret under which signing keys are kept encrypted.
inline constexpr std::size_t min_encryption_secret = 32;

struct SigningKeys {
  std::string algorithm = "ES256";
  Duration rotate_every{30LL * 86'400'000};
  Duration publish_ahead{86'400'000};  // how long a key is in the JWKS before it signs
  FilePath encryption_secret_file;     // raw bytes less one final newline
  Secret encryption_secret;            // its twin
};

// Wrong passwords, and secrets of clients, in `window`; 0: not counted.
struct LoginLimits {
  std::uint32_t user_and_address = 5;
  std::uint32_t address = 50;
  std::uint32_t user = 100;  // higher, so that nobody can lock a user out from one place
  Duration window{300'000};
};

// A service that knows the users: it gets what a login says, and answers with claims.
struct VerifyUrl {
  std::string url;  // https, or http to loopback or with allow_http
  Duration timeout{5'000};
  FilePath headers_file;
  FilePath ca_file;
  bool allow_http = false;
  bool operator==(const VerifyUrl&) const = default;
};

// An OAuth client (RFC 6749 section 2): a program that proves itself by a secret.
struct TokenClient {
  std::string id;
  FilePath secret_file;  // exactly one of the two
  Secret secret;
  std::vector<std::string> grants;
  std::vector<std::string> scopes;     // most that it gets
  std::vector<std::string> audiences;  // of its tokens; none: the service's
  bool introspect = false;             // may ask about tokens of others
};

struct TokenService {
  std::string issuer;  // `iss`, https:// or http:// to loopback
  std::vector<std::string> audiences;
  std::string path = "/auth";  // of the endpoints
  FilePath users_file;         // this or verify_url; without both it is for clients alone
  std::optional<VerifyUrl> verify_url;
  StateStore store;
  Duration access_lifetime{900'000};
  Duration refresh_lifetime{5LL * 86'400'000};   // without use
  Duration session_lifetime{30LL * 86'400'000};  // with use, from the login on
  Duration reuse_grace{10'000};
  bool renew_expired_refresh = false;  // a valid access token alone may get a new refresh token
  Duration leeway{5'000};
  Duration revocation_patience{30'000};    // without news of the store, until nobody knows what is revoked
  std::vector<std::string> access_claims;  // of what is known of the user, into the access token
  TokenDelivery deliver = TokenDelivery::json;
  std::optional<SessionCookies> cookies;  // needed for `cookies` and `both`
  SigningKeys signing_keys;
  LoginLimits login_limits;
  std::vector<TokenClient> clients;
  std::uint32_t hashing_threads = 1;

  // Whether anybody can log in.
  bool has_users() const noexcept { return !users_file.empty() || verify_url; }
};

// What the service alone says in a token, or a verifier judges it by (RFC 9068 section 2.2): never taken from a user's
// record.
bool is_reserved_claim(std::string_view name) noexcept;

// Where RFC 8414 section 3.1 looks for the metadata of this issuer: the well-known path, and the issuer's own after it.
std::string metadata_path(const TokenService& service);

// What the service answers itself.
struct TokenEndpoint {
  enum class Kind : std::uint8_t { login, refresh, logout, token, revoke, introspect, jwks, metadata };

  Kind kind;
  std::string_view name;  // of its route, behind `token_service.`
  std::string path;       // which no route of the file may take
  std::string_view method;
};

// Below the service's path POST `/login`, `/refresh`, `/logout`, `/token`, `/revoke`, `/introspect` and GET
// `/jwks.json`; GET of the metadata. Without users the first three are not there.
std::vector<TokenEndpoint> token_endpoints(const TokenService& service);

}  // namespace postern::conf
