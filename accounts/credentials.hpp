// Who a name and a password belong to. Two ways: the user file, or a service that knows the users. Pure.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "accounts/users.hpp"
#include "base/json.hpp"
#include "base/reason.hpp"
#include "base/secret.hpp"

namespace postern::accounts {

struct Credentials {
  std::string username;
  Secret password;
};

// A person who is known, and what is known of him.
struct Account {
  std::string subject;
  Json claims;  // an object
};

// The refusal is credentials_invalid, or credentials_unavailable when nothing can be said. It names no user: only its
// `detail`, for the operator, tells why.
using CheckedAccount = tl::expected<Account, Refusal>;

// For the user file: the same refusal after the same work for a name that nobody has, a wrong password and a disabled
// user. An unknown name is compared with a hash of Users::usual_cost that nothing matches; a user whose hash costs
// something else can be told from it by the time.
CheckedAccount check_credentials(const Users& users, const Credentials& credentials);

// For `verify_url`, the halves of one POST. The body: `{"username":...,"password":...}`; credentials_invalid for what
// is not UTF-8, which JSON cannot say.
tl::expected<Secret, Refusal> format_verify_request(const Credentials& credentials);

// What the answer means. 200 with a JSON object: the person with these claims, whose subject is their `sub` or else the
// username. 401, 403 and 404: credentials_invalid. Everything else: credentials_unavailable.
CheckedAccount read_verify_response(unsigned status, std::string_view body, const Credentials& credentials);

}  // namespace postern::accounts
