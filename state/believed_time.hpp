// The time by which what has expired is forgotten for good. Pure.
#pragma once

#include <optional>

#include "state/session.hpp"

namespace postern::state {

// A wall clock that runs ahead for some seconds (a wrong time server, a hand that slipped) would undo revocations and
// sessions, which do not come back with the right time. One that is behind only keeps them for longer.
class BelievedTime {
 public:
  static constexpr Millis slack = 10'000;              // between two turns: what is set so little is believed at once
  static constexpr Millis until_believed = 3'600'000;  // an hour: by then somebody meant it

  // One turn, whose readings of both clocks are given. The wall clock's time; while that has run ahead of the steady
  // clock by more than the slack, the time that it would show without. The first turn believes what it is told.
  Millis at(Millis wall, Millis steady) noexcept;

 private:
  struct Ahead {
    Millis offset = 0;
    Millis since = 0;  // by the steady clock
  };
  std::optional<Millis> offset_;  // of the wall clock from the steady one, as believed
  std::optional<Ahead> ahead_;    // what it is instead, as long as it is
};

}  // namespace postern::state
