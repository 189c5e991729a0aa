#include "cli/users.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/ui.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <tl/expected.hpp>

#include "accounts/users_file.hpp"
#include "conf/load.hpp"
#include "gateway/server.hpp"

namespace postern::cli {
namespace {

using accounts::most_password_bytes;
using accounts::PasswordHash;
using accounts::User;
using accounts::Users;

bool has_terminal() {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  return terminal >= 0 && ::close(terminal) == 0;
}

// Twice, without echo.
tl::expected<Secret, std::string> ask_password() {
  if (!has_terminal()) return tl::unexpected(std::string("there is no terminal to ask on: use --password-stdin"));
  std::array<char, most_password_bytes + 1> typed{};
  const int code = UI_UTIL_read_pw_string(typed.data(), static_cast<int>(typed.size()), "Password: ", 1);
  Secret password{std::string(typed.data())};
  OPENSSL_cleanse(typed.data(), typed.size());
  if (code != 0) return tl::unexpected(std::string("no password was given"));
  return password;
}

// One line. One byte more than is allowed is read, so that what is too long is told and not cut off. A login cannot
// type a line's end.
tl::expected<Secret, std::string> read_password(std::istream& in) {
  std::string text(most_password_bytes + 3, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  Secret password(std::move(text));
  if (password.reveal().find_first_of("\r\n") == std::string_view::npos) return password;
  return tl::unexpected(std::string("standard input holds more than one line: a password is one"));
}

tl::expected<PasswordHash, std::string> hash_given_password(const UsersOptions& options, std::istream& in) {
  const auto password = options.password_stdin ? read_password(in) : ask_password();
  if (!password) return tl::unexpected(password.error());
  return PasswordHash::make(*password, {});
}

tl::expected<Json, std::string> read_claims(const std::vector<std::string>& written) {
  Json::Object claims;
  for (const std::string& claim : written) {
    const auto at = claim.find('=');
    const std::string name = claim.substr(0, at);
    if (at == claim.npos || at == 0 || at + 1 == claim.size()) {
      return tl::unexpected("--claim " + claim + ": must be a name and a value, such as `role=admin`");
    }
    if (name != "sub" && conf::is_reserved_claim(name)) {  // `sub` stands for the name
      return tl::unexpected("--claim " + claim + ": `" + name + "` is the service's own to say");
    }
    for (const Json::Member& member : claims) {
      if (member.first == name) return tl::unexpected("--claim " + claim + ": `" + name + "` is given twice");
    }
    claims.emplace_back(name, Json(claim.substr(at + 1)));
  }
  return Json(std::move(claims));
}

int usage_error(const std::string& message, std::ostream& err) {
  err << "postern: " << message << '\n';
  return exit_usage;
}

// `change` gives the reason to refuse.
int change_users(const UsersOptions& options, std::ostream& err,
                 const std::function<std::optional<std::string>(Users&)>& change) {
  bool is_refused = false;
  const auto error = accounts::change_users_file(options.file, [&](Users& users) {
    auto reason = change(users);
    is_refused = reason.has_value();
    return reason;
  });
  if (!error) return exit_ok;
  err << *error << '\n';
  return is_refused ? exit_refused : exit_bad_config;
}

std::string no_such(const std::string& name) {
  return "there is no user `" + name + "`";
}

// Sessions know when they began to the millisecond.
double whole_milliseconds(double seconds) {
  return std::floor(seconds * 1000) / 1000;
}

}  // namespace

int run_users_add(const UsersOptions& options, double now, std::istream& in, std::ostream& err) {
  if (const auto complaint = accounts::judge_name(options.name)) return usage_error(*complaint, err);
  const auto claims = read_claims(options.claims);
  if (!claims) return usage_error(claims.error(), err);
  const auto hash = hash_given_password(options, in);
  if (!hash) return usage_error(hash.error(), err);
  return change_users(options, err, [&](Users& users) -> std::optional<std::string> {
    const User user{*hash, *claims, false, whole_milliseconds(now)};
    if (users.by_name.emplace(options.name, user).second) return std::nullopt;
    return "there is a user `" + options.name + "` already";
  });
}

int run_users_passwd(const UsersOptions& options, double now, std::istream& in, std::ostream& err) {
  const auto hash = hash_given_password(options, in);
  if (!hash) return usage_error(hash.error(), err);
  return change_users(options, err, [&](Users& users) -> std::optional<std::string> {
    const auto found = users.by_name.find(options.name);
    if (found == users.by_name.end()) return no_such(options.name);
    found->second.password = *hash;
    found->second.changed = whole_milliseconds(now);
    return std::nullopt;
  });
}

int run_users_remove(const UsersOptions& options, std::ostream& err) {
  return change_users(options, err, [&](Users& users) -> std::optional<std::string> {
    return users.by_name.erase(options.name) > 0 ? std::nullopt : std::optional(no_such(options.name));
  });
}

int run_users_list(const UsersOptions& options, std::ostream& out, std::ostream& err) {
  const auto users = conf::read_file(options.file).and_then([&](const std::string& text) {
    return accounts::parse_users(text, options.file);
  });
  if (!users) {
    err << users.error() << '\n';
    return exit_bad_config;
  }
  for (const auto& [name, user] : users->by_name) {
    out << name << '\t' << (user.disabled ? "disabled" : "active") << '\t' << user.claims.to_text() << '\n';
  }
  return exit_ok;
}

}  // namespace postern::cli
