#include "filters/token_service/accounts.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "filters/token_service/file_accounts.hpp"
#include "filters/token_service/verify_user.hpp"

namespace postern::token_service {

std::shared_ptr<const Accounts> open_accounts(const conf::TokenService& settings, AccountCrews crews,
                                              conf::Problems& problems) {
  if (!settings.has_users()) return nullptr;
  if (settings.verify_url) return make_verifying_service(settings, problems);
  auto users = accounts::UsersFile::open(settings.users_file.resolved, [](const std::string& problem) {
    spdlog::error("token_service: the users stay as they were: {}", problem);
  });
  if (users) return std::make_shared<const FileAccounts>(std::move(*users), std::move(crews));
  problems.add("token_service.users_file", users.error());
  return nullptr;
}

}  // namespace postern::token_service
