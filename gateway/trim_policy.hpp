// When the memory that a flood of connections needed is worth giving back to the system: the C library keeps what is
// freed below its heap's top. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace postern {

class TrimPolicy {
 public:
  // So many connections must have gone since the peak, and half of the peak: a walk over the heap takes milliseconds.
  static constexpr std::uint64_t least_gone = 250;

  // Told now and then how many connections are open; true when it is time to trim.
  bool should_trim(std::uint64_t open) noexcept {
    peak_ = std::max(peak_, open);
    if (peak_ - open < least_gone || open > peak_ / 2) return false;
    peak_ = open;
    return true;
  }

 private:
  std::uint64_t peak_ = 0;  // since the last trim
};

}  // namespace postern
