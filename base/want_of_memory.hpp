// What a thread of its own does when there is no memory: it waits until there is some.
#pragma once

#include <chrono>
#include <new>
#include <thread>

namespace postern {

inline constexpr std::chrono::milliseconds pause_without_memory{10};  // of the thread: a timer needs some

// Begins again whenever the action is left for want of memory; for ever, where none comes back.
template <class Action>
void insist(const Action& action) {
  while (true) {
    try {
      return action();
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(pause_without_memory);
    }
  }
}

}  // namespace postern
