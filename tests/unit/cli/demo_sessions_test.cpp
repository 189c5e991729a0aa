#include "cli/demo_sessions.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "accounts/credentials.hpp"
#include "accounts/users.hpp"

namespace postern::cli {
namespace {

bool may_log_in(const accounts::Users& users, const DemoUser& user, const std::string& password) {
  const auto account = accounts::check_credentials(users, {user.name, Secret(password)});
  return account && account->subject == user.name && account->claims.to_text() == "{\"role\":\"" + user.role + "\"}";
}

}  // namespace

TEST_CASE("The demo's users log in with their printed passwords and with no other") {
  const DemoUsers users = make_demo_users();
  const auto file = accounts::parse_users(make_users_file(users), "users.yaml");
  REQUIRE(file);
  CHECK(file->by_name.size() == 2);
  CHECK(may_log_in(*file, users.by_json, users.by_json.password));
  CHECK(may_log_in(*file, users.by_cookies, users.by_cookies.password));
  CHECK(!may_log_in(*file, users.by_json, users.by_cookies.password));
}

TEST_CASE("Each demo has passwords of its own, which a shell and JSON take as they are") {
  const DemoUsers users = make_demo_users();
  CHECK(users.by_json.password != users.by_cookies.password);
  CHECK(users.by_json.password != make_demo_users().by_json.password);
  for (int i = 0; i < 100; ++i) {
    const std::string password = make_demo_users().by_json.password;
    CHECK(password.size() == 16);
    CHECK(password.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
  }
}

TEST_CASE("The lines of sessions name the gateway, the passwords and the file of cookies") {
  const DemoUsers users = make_demo_users();
  const std::string lines = make_sessions_lines(users, "http://127.0.0.1:8080", "/tmp/x/cookies");
  const std::vector<std::string> stands = {
      "{\"username\":\"ann\",\"password\":\"" + users.by_json.password + "\"}' http://127.0.0.1:8080/auth/login)\n",
      "-d 'username=ben' -d 'password=" + users.by_cookies.password + "' http://127.0.0.1:8080/auth/login\n",
      "-c /tmp/x/cookies -b /tmp/x/cookies ",
  };
  for (const std::string& text : stands) CHECK_MESSAGE(lines.find(text) != std::string::npos, text);
  CHECK(lines.find('@') == std::string::npos);
}

}  // namespace postern::cli
