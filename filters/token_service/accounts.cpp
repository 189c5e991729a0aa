#include "filters/token_service/accounts.hpp"

#include <spdlog/spdlog.h>

#include <sstream>
#include <utility>

#include "filters/token_service/file_accounts.hpp"
#include "filters/token_service/verify_user.hpp"

namespace postern::token_service {
namespace {

// What is wrong with the file, one fault a line.
template <class Tell>
void each_fault(const std::string& faults, Tell tell) {
  std::istringstream lines(faults);
  for (std::string line; std::getline(lines, line);) tell(line);
}

}  // namespace

std::shared_ptr<const Accounts> open_accounts(const conf::TokenService& settings, AccountCrews crews,
                                              conf::Problems& problems) {
  if (!settings.has_users()) return nullptr;
  if (settings.verify_url) return make_verifying_service(settings, problems);
  auto users = accounts::UsersFile::open(settings.users_file.resolved, [](const std::string& problem) {
    each_fault(problem, [](const std::string& fault) {
      spdlog::error("token_service: the users stay as they were: {}", fault);
    });
  });
  if (users) return std::make_shared<const FileAccounts>(std::move(*users), std::move(crews));
  each_fault(users.error(), [&](const std::string& fault) { problems.add("token_service.users_file", fault); });
  return nullptr;
}

}  // namespace postern::token_service
