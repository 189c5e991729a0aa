// One coroutine waits until another one says that it is done.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "gateway/filter.hpp"

namespace postern {

class Completion {
 public:
  explicit Completion(const boost::asio::io_context::executor_type& executor)
      : timer_(executor, std::chrono::steady_clock::time_point::max()) {}

  void set() {
    done_ = true;
    timer_.cancel();
  }
  bool is_set() const noexcept { return done_; }

  // Until set() is called, or until that instant.
  Task<void> wait(std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max()) {
    timer_.expires_at(until);
    while (!done_ && std::chrono::steady_clock::now() < until) {
      co_await timer_.async_wait(as_result);
    }
  }

 private:
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
  bool done_ = false;
};

}  // namespace postern
