// `postern users add|passwd|remove|list`: the user file of the token service.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace postern::cli {

struct UsersOptions {
  std::string file;
  std::string name;                 // not for `list`
  bool password_stdin = false;      // all of standard input less one final newline; else asked for on the terminal
  std::vector<std::string> claims;  // `role=admin`, each once; a text. Other kinds are written into the file
};

// All return the exit status: 0 done; 1 there is such a user already, or none; 2 a wrong name, claim or password; 78
// the file cannot be used. What is wrong is told on `err`. `now`, Unix seconds, is when the password was changed:
// sessions that began earlier are over.
int run_users_add(const UsersOptions& options, double now, std::istream& in, std::ostream& err);
int run_users_passwd(const UsersOptions& options, double now, std::istream& in, std::ostream& err);
int run_users_remove(const UsersOptions& options, std::ostream& err);

// One line for each user: name, `active` or `disabled`, and the claims as JSON, with a tab between them.
int run_users_list(const UsersOptions& options, std::ostream& out, std::ostream& err);

}  // namespace postern::cli
