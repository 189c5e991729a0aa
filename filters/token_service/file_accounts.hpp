// Accounts of the user file.
#pragma once

#include <memory>

#include "accounts/users_file.hpp"
#include "filters/token_service/accounts.hpp"

namespace postern::token_service {

class FileAccounts final : public Accounts {
 public:
  FileAccounts(std::shared_ptr<accounts::UsersFile> users, AccountCrews crews)
      : users_(std::move(users)), crews_(std::move(crews)) {}

  accounts::NamesDiffer names_differ() const noexcept override { return accounts::NamesDiffer::by_each_byte; }
  // A session keeps the username: credentials_unavailable also when too many logins wait already.
  Task<tl::expected<KnownAccount, Refusal>> check(accounts::Credentials credentials) const override;
  Task<tl::expected<Json, Refusal>> look_again(state::Family family) const override;

 private:
  std::shared_ptr<accounts::UsersFile> users_;
  AccountCrews crews_;
};

}  // namespace postern::token_service
