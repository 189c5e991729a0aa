// A store of which a test needs little.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "state/store.hpp"

namespace postern::token_service {

// Has nothing and answers nothing; a test says what its follower hears.
class SilentStore : public state::Store {
 public:
  void begin_session(state::Family, state::RefreshToken, state::Done<state::Begun>) override {}
  void rotate(state::Rotation, state::Done<state::Rotated>) override {}
  void find(std::string, state::TokenHash, std::string, state::Millis, state::Millis,
            state::Done<state::FoundSession>) override {}
  void revoke(state::Revocation, state::Done<std::uint64_t>) override {}
  void end_sessions(std::string, std::string, state::Millis, state::Done<std::vector<state::Revocation>>) override {}
  void follow(state::Follower follower) override { heard = std::move(follower); }
  void load_signing_keys(state::Done<state::SigningKeySet>) override {}
  void add_signing_key(state::SigningKeyRecord, std::uint64_t, state::Done<state::SigningKeySet>) override {}
  void count_attempt(std::vector<state::Attempt>, state::Millis, state::Done<state::Millis>) override {}
  void uncount_attempt(std::vector<state::Attempt>, state::Done<state::Nothing>) override {}
  void sweep(state::Believed, std::size_t, state::Done<std::size_t>) override {}

  state::Follower heard;
};

}  // namespace postern::token_service
