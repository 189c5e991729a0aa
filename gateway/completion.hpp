// One coroutine waits until another one says that it is done.
#pragma once

#include <chrono>

#include "gateway/task.hpp"

namespace postern {

class Completion {
 public:
  explicit Completion(const Executor& executor)
      : timer_(executor, std::chrono::steady_clock::time_point::max()) {}

  void set() {
    done_ = true;
    timer_.cancel();
  }

  // Until set() is called, or until that instant.
  Task<void> wait(std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max()) {
    timer_.expires_at(until);
    while (!done_ && std::chrono::steady_clock::now() < until) {
      co_await timer_.async_wait(as_result);
    }
  }

 private:
  SteadyTimer timer_;
  bool done_ = false;
};

}  // namespace postern
