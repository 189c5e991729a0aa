// Between the clock of requests (Unix seconds) and that of stores (Unix milliseconds).
#pragma once

#include <cmath>

#include "state/session.hpp"

namespace postern::token_service {

inline state::Millis to_millis(double seconds) {
  return static_cast<state::Millis>(std::floor(seconds * 1000));
}

inline double to_seconds(state::Millis millis) {
  return static_cast<double>(millis) / 1000;
}

// The first whole second at or after that instant: an `iat` of it is not earlier.
inline double whole_second_from(state::Millis at) {
  return std::ceil(static_cast<double>(at) / 1000);
}

}  // namespace postern::token_service
