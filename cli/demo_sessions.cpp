#include "cli/demo_sessions.hpp"

#include <initializer_list>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "accounts/users.hpp"
#include "base/base64.hpp"
#include "base/digest.hpp"

namespace postern::cli {
namespace {

constexpr std::string_view config_text = R"(token_service:
  issuer: https://login.demo.example
  audiences: [demo-api]
  users_file: @users
  store: {sqlite: @state}
  access_claims: [role]
  reuse_grace: 1m  # the longest: people paste more slowly than programs ask
  deliver: both
  cookies: {secure: false}
)";

constexpr std::string_view route_text = R"(  - name: account
    match: {path_prefix: /account}
    upstream: @upstream
    jwt: {providers: [token_service]}
    claim_headers: {sub: X-User-Id, role: X-Role}
)";

constexpr std::string_view json_lines = R"sh(# log in: 200 with two tokens, which the shell keeps
answer=$(curl -si -H 'Content-Type: application/json' -d '{"username":"@name","password":"@password"}' @base/auth/login)
echo "$answer"
access=$(echo "$answer" | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
refresh=$(echo "$answer" | sed -n 's/.*"refresh_token":"\([^"]*\)".*/\1/p')

# the access token: 200, and the upstream sees X-User-Id and X-Role
curl -i -H "Authorization: Bearer $access" @base/account

# refresh: 200 with a new access token and the next refresh token; the one that was sent is used up
answer=$(curl -si -d "refresh_token=$refresh" @base/auth/refresh)
echo "$answer"
next=$(echo "$answer" | sed -n 's/.*"refresh_token":"\([^"]*\)".*/\1/p')

# the used one again, as a second tab would send it: 200 with the same next one; after a minute it would be theft
curl -i -d "refresh_token=$refresh" @base/auth/refresh

# log out: 204
curl -i -d "refresh_token=$next" @base/auth/logout

# the access token, although it has not expired: 401 token_revoked
curl -i -H "Authorization: Bearer $access" @base/account

# the refresh token: 401 refresh_token_invalid
curl -i -d "refresh_token=$next" @base/auth/refresh

)sh";

// The logout leaves the file as it is, so that the last line has what the browser would have forgotten.
constexpr std::string_view cookie_lines = R"sh(# log in as a page does: 200 with two cookies, which no script can read
curl -i -c @jar -b @jar -d 'username=@name' -d 'password=@password' @base/auth/login

# the cookies: 200, and the upstream sees who it is, but neither cookie
curl -i -c @jar -b @jar @base/account

# only the refresh token's, as when the other has expired: 200 and two new ones, without a word to the page
grep -v postern_access @jar | curl -i -b - -c @jar @base/account

# a page of another site, in the name of its visitor: 403 origin_refused
curl -i -b @jar -H 'Origin: https://evil.example' -d x=1 @base/account

# log out everywhere: 204, and the browser is told to forget both
curl -i -b @jar -d all=true @base/auth/logout

# a copy that somebody made of them: 401 token_revoked
curl -i -b @jar @base/account

)sh";

using Words = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// The text with each word (`@base`) replaced by what stands beside it.
std::string fill(std::string_view text, Words words) {
  std::string filled(text);
  for (const auto& [word, value] : words) {
    for (auto at = filled.find(word); at != std::string::npos; at = filled.find(word, at + value.size())) {
      filled.replace(at, word.size(), value);
    }
  }
  return filled;
}

std::string make_password() {
  std::string bytes(12, '\0');
  fill_random(bytes.data(), bytes.size());
  return encode_base64url(bytes);
}

accounts::User to_user(const DemoUser& user) {
  auto hash = accounts::PasswordHash::make(Secret(user.password), {});
  if (!hash) throw std::runtime_error(hash.error());
  return {std::move(*hash), Json(Json::Object{{"role", Json(user.role)}}), false, 0};
}

}  // namespace

DemoUsers make_demo_users() {
  return {{"ann", "admin", make_password()}, {"ben", "buyer", make_password()}};
}

std::string make_users_file(const DemoUsers& users) {
  accounts::Users file;
  for (const DemoUser* user : {&users.by_json, &users.by_cookies}) file.by_name.emplace(user->name, to_user(*user));
  return accounts::format_users(file);
}

std::string make_sessions_config(const std::string& users_file, const std::string& state_file) {
  return fill(config_text, {{"@users", users_file}, {"@state", state_file}});
}

std::string make_sessions_route(const std::string& upstream) {
  return fill(route_text, {{"@upstream", upstream}});
}

std::string make_sessions_lines(const DemoUsers& users, const std::string& base, const std::string& cookie_jar) {
  const auto lines = [&](std::string_view text, const DemoUser& user) {
    return fill(text, {{"@name", user.name}, {"@password", user.password}, {"@base", base}, {"@jar", cookie_jar}});
  };
  return lines(json_lines, users.by_json) + lines(cookie_lines, users.by_cookies);
}

}  // namespace postern::cli
