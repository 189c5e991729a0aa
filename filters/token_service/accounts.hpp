// Who knows the users, as far as the token service asks.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "accounts/credentials.hpp"
#include "accounts/login_limits.hpp"
#include "base/json.hpp"
#include "base/reason.hpp"
#include "conf/problems.hpp"
#include "conf/token_service.hpp"
#include "gateway/crew.hpp"
#include "state/session.hpp"

namespace postern::token_service {

// An account whose credentials were right.
struct KnownAccount {
  accounts::Account account;
  std::string kept;  // a JSON object, for Family::claims: what look_again() will need
};

// Coroutines on the caller's executor. Of one snapshot; immutable.
class Accounts {
 public:
  virtual ~Accounts() = default;

  virtual accounts::NamesDiffer names_differ() const noexcept = 0;

  // Refuses credentials_invalid, and credentials_unavailable when nothing can be said.
  virtual Task<tl::expected<KnownAccount, Refusal>> check(accounts::Credentials credentials) const = 0;

  // The claims that a session's account has by now. Refuses refresh_token_invalid when the account is gone, disabled,
  // or has a new password since the login: the session is over; store_unavailable when nothing can be said.
  virtual Task<tl::expected<Json, Refusal>> look_again(state::Family family) const = 0;
};

// The crews that accounts may keep busy.
struct AccountCrews {
  std::shared_ptr<Crew> hashing;  // argon2id, which takes tens of milliseconds
  std::shared_ptr<Crew> reading;
};

// As `settings` say: `users_file` or `verify_url`. Null without both, and null and `problems` when a file cannot be
// used. Without crews what comes of it may not be asked: for checking a configuration.
std::shared_ptr<const Accounts> open_accounts(const conf::TokenService& settings, AccountCrews crews,
                                              conf::Problems& problems);

}  // namespace postern::token_service
