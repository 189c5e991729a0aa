// Memory that runs out for one thread of a test program, and is there again.
#pragma once

#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace postern {

// False when the condition is not true in time.
template <class Condition>
bool wait_until(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

struct ScarceMemory {
  static inline std::atomic<int> granted = -1;      // allocations until one is refused; less than 0: none will be
  static inline std::atomic<bool> is_gone = false;  // all are refused
  static inline std::atomic<unsigned> refused = 0;  // so far
  static inline thread_local bool is_about_this_thread = false;

  static bool refuses() {
    if (!is_about_this_thread || !(is_gone || (granted >= 0 && granted-- == 0))) return false;
    ++refused;
    return true;
  }

  // Until `more` allocations have been refused; false when nobody asks for so many.
  static bool run_out(unsigned more) {
    spdlog::default_logger();  // is made at its first use
    const unsigned enough = refused + more;
    is_gone = true;
    const bool is_over = wait_until([&] { return refused >= enough; });
    is_gone = false;
    return is_over;
  }
};

}  // namespace postern
