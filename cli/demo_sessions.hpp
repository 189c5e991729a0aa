// The demo's token service: its users, its part of the configuration, and the lines to paste for the life of a session.
#pragma once

#include <string>

namespace postern::cli {

struct DemoUser {
  std::string name;
  std::string role;      // a claim
  std::string password;  // printed by the demo: no secret
};

// Who tries the tokens as JSON, and who tries them as cookies.
struct DemoUsers {
  DemoUser by_json, by_cookies;
};

// With fresh passwords. Throws std::runtime_error when there are no random numbers.
DemoUsers make_demo_users();

// The user file. Takes as long as hashing two passwords; throws std::runtime_error when there is no memory for that.
std::string make_users_file(const DemoUsers& users);

// The section `token_service`, with both files beside the configuration.
std::string make_sessions_config(const std::string& users_file, const std::string& state_file);
// The item of `routes` that wants a token of it.
std::string make_sessions_route(const std::string& upstream);

// Each request under a line that says what will come back. They are to be pasted in this order into one shell, which
// keeps the tokens in variables and the cookies in the file `cookie_jar`. `base` is the gateway's URL.
std::string make_sessions_lines(const DemoUsers& users, const std::string& base, const std::string& cookie_jar);

}  // namespace postern::cli
