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

// Up to three counters, named by SHA-256 of what they count. `address` is the client's, without a port. An IPv6 address
// counts as its /64, an IPv4 address mapped into IPv6 as itself.
// A success forgives the one of user and address alone: whoever knows one password could clear the others by logging in as
// himself.
std::vector<state::Attempt> attempts_of(std::string_view username, std::string_view address, const LoginLimits& limits);

// Of an OAuth client's wrong secret: up to two counters, of client and address and of the address, the latter shared
// with logins. None of the client alone, or anybody could lock it out.
std::vector<state::Attempt> client_attempts_of(std::string_view client, std::string_view address,
                                               const LoginLimits& limits);

}  // namespace postern::accounts
