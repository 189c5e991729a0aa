#include "accounts/credentials.hpp"

#include "base/utf8.hpp"

namespace postern::accounts {
namespace {

tl::unexpected<Refusal> invalid(std::string detail) {
  return tl::unexpected(Refusal(Reason::credentials_invalid, std::move(detail)));
}

tl::unexpected<Refusal> unavailable(std::string detail) {
  return tl::unexpected(Refusal(Reason::credentials_unavailable, std::move(detail)));
}

Account make_account(Json claims, const std::string& username) {
  const Json* const subject = claims.find("sub");
  std::string text = subject != nullptr ? *subject->string() : username;
  return {std::move(text), std::move(claims)};
}

}  // namespace

CheckedAccount check_credentials(const Users& users, const Credentials& credentials) {
  const auto found = users.by_name.find(credentials.username);
  const User* const user = found != users.by_name.end() ? &found->second : nullptr;
  const PasswordHash hash = user != nullptr ? user->password : PasswordHash::unmatched(users.usual_cost);
  const auto matched = verify_password(hash, credentials.password);
  if (!matched) return unavailable("the password cannot be checked: " + matched.error());
  if (user == nullptr) return invalid("there is no such user");
  if (!*matched) return invalid("the password is wrong");
  if (user->disabled) return invalid("the user is disabled");
  return make_account(user->claims, credentials.username);
}

tl::expected<Secret, Refusal> format_verify_request(const Credentials& credentials) {
  const std::string_view password = credentials.password.reveal();
  if (!is_utf8(credentials.username) || !is_utf8(password)) return invalid("the credentials are not UTF-8");
  std::string body;
  body.reserve(32 + 6 * (credentials.username.size() + password.size()));  // no copy of the password is left behind
  body += R"({"username":)";
  append_json_string(body, credentials.username);
  body += R"(,"password":)";
  append_json_string(body, password);
  body += '}';
  return Secret(std::move(body));
}

CheckedAccount read_verify_response(unsigned status, std::string_view body, const Credentials& credentials) {
  const std::string answered = "the service answered " + std::to_string(status);
  if (status == 401 || status == 403 || status == 404) return invalid(answered);
  if (status != 200) return unavailable(answered);
  auto claims = parse_json(body);
  if (!claims) return unavailable(answered + " without acceptable JSON: " + claims.error().message);
  if (claims->object() == nullptr) return unavailable(answered + " without a JSON object");
  const Json* const subject = claims->find("sub");
  if (subject != nullptr && (subject->string() == nullptr || subject->string()->empty())) {
    return unavailable(answered + " with a `sub` that is no text, or an empty one");
  }
  return make_account(std::move(*claims), credentials.username);
}

}  // namespace postern::accounts
