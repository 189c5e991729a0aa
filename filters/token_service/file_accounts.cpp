#include "filters/token_service/file_accounts.hpp"

#include <optional>
#include <utility>

namespace postern::token_service {
namespace {

// Nothing when the session is over.
std::optional<Json> claims_by_now(const accounts::Users& users, const state::Family& family) {
  const auto kept = parse_json(family.claims);
  const Json* const name = kept ? kept->find("username") : nullptr;
  if (name == nullptr || name->string() == nullptr) return std::nullopt;
  const auto user = users.by_name.find(*name->string());
  if (user == users.by_name.end() || user->second.disabled) return std::nullopt;
  if (user->second.changed * 1000 > static_cast<double>(family.began)) return std::nullopt;
  return user->second.claims;
}

}  // namespace

Task<tl::expected<KnownAccount, Refusal>> FileAccounts::check(accounts::Credentials credentials) const {
  std::string kept = Json(Json::Object{{"username", Json(credentials.username)}}).to_text();
  auto job = [users = users_, credentials = std::move(credentials)] {
    return accounts::check_credentials(*users->users(), credentials);
  };
  auto checked = co_await run_on(*crews_.hashing, std::move(job));
  if (!checked) {
    co_return tl::unexpected(
        Refusal(Reason::credentials_unavailable, "too many logins wait for their passwords' hashes"));
  }
  if (!*checked) co_return tl::unexpected(std::move(checked->error()));
  co_return KnownAccount{std::move(**checked), std::move(kept)};
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
