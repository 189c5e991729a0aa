// A value for another thread, which gets it however scarce memory is.
#pragma once

#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "base/want_of_memory.hpp"
#include "gateway/executor.hpp"

namespace postern {

// Runs `take(value)` on the executor's thread, later. Waits for memory where there is none. `take` is copied, and throws
// nothing when it is.
template <class T, class Take>
void deliver(const Executor& executor, T value, const Take& take) {
  std::shared_ptr<T> brought;
  insist([&] {
    if (!brought) brought = std::make_shared<T>(std::move(value));
    boost::asio::post(executor, [brought, take] { take(std::move(*brought)); });
  });
}

}  // namespace postern
