// The time by which what has expired is forgotten for good. Pure.
#pragma once

#include <optional>

#include "state/session.hpp"

namespace postern::state {

struct Believed {
  Millis now = 0;         // the wall clock's time, as far as it is believed
  Millis forgetting = 0;  // what expired by then may be forgotten for good; 0: nothing
};

// A wall clock that runs ahead for some seconds (a wrong time server, a hand that slipped) would undo revocations and
// sessions, which do not come back with the right time. One that is behind only keeps them for longer.
class BelievedTime {
 public:
  static constexpr Millis slack = 10'000;              // between two turns: what is set so little is believed at once
  static constexpr Millis until_believed = 3'600'000;  // an hour: by then somebody meant it

  // One turn, whose readings of both clocks are given. The wall clock's time; while that has run ahead of the steady
  // clock by more than the slack, the time that it would show without. The first turn has nothing to compare with: for
  // an hour from then on nothing is to be forgotten, and should the wall clock be set back meanwhile, that is believed.
  Believed at(Millis wall, Millis steady) noexcept;

 private:
  Millis now_at(Millis wall, Millis steady) noexcept;

  struct Ahead {
    Millis offset = 0;
    Millis since = 0;  // by the steady clock
  };
  std::optional<Millis> first_;   // turn, by the steady clock
  std::optional<Millis> offset_;  // of the wall clock from the steady one, as believed
  std::optional<Ahead> ahead_;    // what it is instead, as long as it is
};

}  // namespace postern::state
