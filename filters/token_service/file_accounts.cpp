#include "filters/token_service/file_accounts.hpp"

#include <cmath>
#include <optional>
#include <utility>

namespace postern::token_service {
namespace {

// What a session keeps: who it is, and which of the user's passwords it began with. An instant would not do: the file may
// be written after a login that came later than the instant which it names.
std::string kept_of(const accounts::Users& users, const std::string& username) {
  const auto user = users.by_name.find(username);
  const double changed = user != users.by_name.end() ? user->second.changed : 0;
  const Json::Number milliseconds{std::to_string(std::llround(changed * 1000))};
  return Json(Json::Object{{"username", Json(username)}, {"changed", Json(milliseconds)}}).to_text();
}

// Nothing when the session is over.
std::optional<Json> claims_by_now(const accounts::Users& users, const state::Family& family) {
  const auto kept = parse_json(family.claims);
  const Json* const name = kept ? kept->find("username") : nullptr;
  if (name == nullptr || name->string() == nullptr) return std::nullopt;
  const auto user = users.by_name.find(*name->string());
  if (user == users.by_name.end() || user->second.disabled) return std::nullopt;
  if (kept_of(users, *name->string()) != family.claims) return std::nullopt;
  return user->second.claims;
}

}  // namespace

Task<tl::expected<KnownAccount, Refusal>> FileAccounts::check(accounts::Credentials credentials) const {
  auto job = [file = users_, credentials = std::move(credentials)]() -> tl::expected<KnownAccount, Refusal> {
    const auto users = file->users();
    auto checked = accounts::check_credentials(*users, credentials);
    if (!checked) return tl::unexpected(std::move(checked.error()));
    return KnownAccount{std::move(*checked), kept_of(*users, credentials.username)};
  };
  auto checked = co_await run_on(*crews_.hashing, std::move(job));
  if (!checked) {
    co_return tl::unexpected(
        Refusal(Reason::credentials_unavailable, "too many logins wait for their passwords' hashes"));
  }
  co_return std::move(*checked);
}

Task<tl::expected<Json, Refusal>> FileAccounts::look_again(state::Family family) const {
  auto job = [users = users_, family = std::move(family)] { return claims_by_now(*users->users(), family); };
  auto claims = co_await run_on(*crews_.reading, std::move(job));
  if (!claims) co_return tl::unexpected(Refusal(Reason::store_unavailable, "the account could not be looked up"));
  if (*claims) co_return std::move(**claims);
  co_return tl::unexpected(
      Refusal(Reason::refresh_token_invalid, "the account is gone, disabled, or has a new password"));
}

}  // namespace postern::token_service
