// Which counters an attempt to log in goes to. Pure; counting is the store's, so that replicas share it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "state/store.hpp"

namespace postern::accounts {

// Wrong attempts in `window`; 0: no limit.
struct LoginLimits {
  std::uint32_t each_user_and_address = 5;
  std::uint32_t each_address = 50;
  std::uint32_t each_user = 100;  // higher, so that nobody can lock a user out from one place
  state::Millis window = 5 * 60 * 1000;
};

// How those who know the users tell one name from another.
enum class NamesDiffer : std::uint8_t {
  by_each_byte,
  loosely,  // those that differ in case or in spaces around them may be one user's, as in a directory, or of two
};

// Up to three counters, named by SHA-256 of what they count. `address` is the client's, without a port. An IPv6 address
// counts as its /64, an IPv4 address mapped into IPv6 as itself.
// A success forgives the one of user and address alone: whoever knows one password could clear the others by logging in
// as himself. Where names differ loosely all that may be one user's have one counter, and it forgives nothing either:
// what was counted may be of another user, whose name is the same but for its case.
std::vector<state::Attempt> attempts_of(std::string_view username, std::string_view address, const LoginLimits& limits,
                                        NamesDiffer names);

// Of an OAuth client's wrong secret: up to two counters, of client and address and of the address, the latter shared
// with logins. None of the client alone, or anybody could lock it out.
std::vector<state::Attempt> client_attempts_of(std::string_view client, std::string_view address,
                                               const LoginLimits& limits);

}  // namespace postern::accounts
