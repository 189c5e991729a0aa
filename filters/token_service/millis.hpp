// Between the clock of requests (Unix seconds) and that of stores (Unix milliseconds).
#pragma once

#include <chrono>
#include <cmath>

#include "state/session.hpp"

namespace postern::token_service {

inline state::Millis to_millis(double seconds) {
  return static_cast<state::Millis>(std::floor(seconds * 1000));
}

// Of the steady clock: for lengths of time alone.
inline state::Millis to_millis(std::chrono::steady_clock::time_point at) noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

inline double to_seconds(state::Millis millis) {
  return static_cast<double>(millis) / 1000;
}

// The first whole second at or after that instant: an `iat` of it is not earlier.
inline double whole_second_from(state::Millis at) {
  return std::ceil(static_cast<double>(at) / 1000);
}

}  // namespace postern::token_service
