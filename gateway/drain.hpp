// How far a worker is on its way to its end.
#pragma once

#include <cstdint>

namespace postern {

enum class Drain : std::uint8_t {
  none,
  begun,  // no new connections; requests under way may finish
  over,   // those that did not are cut off
};

}  // namespace postern
