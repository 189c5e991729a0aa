// Threads for what would stall a worker: hashing a password, signing. Bounded in threads and in what waits for them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "gateway/completion.hpp"
#include "gateway/deliver.hpp"
#include "gateway/filter.hpp"

namespace postern {

// A value that another thread will bring to a coroutine. Shared by both sides, so that either may go first. Who may
// still bring one must have ended before the executor's io_context goes.
template <class T>
class Handoff {
 public:
  explicit Handoff(const Executor& executor) : executor_(executor), arrived_(executor) {}

  // From any thread, once. Another one than the executor's waits for memory where there is none; its own needs none.
  static void bring(const std::shared_ptr<Handoff>& self, T value) {
    if (self->executor_.running_in_this_thread()) return self->take(std::move(value));
    deliver(self->executor_, std::move(value), [self](T brought) { self->take(std::move(brought)); });
  }

  // On the executor: the value, or nothing when `until` passes first.
  Task<std::optional<T>> wait(
      std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max()) {
    co_await arrived_.wait(until);
    co_return std::move(value_);
  }

 private:
  void take(T value) {
    value_.emplace(std::move(value));
    arrived_.set();
  }

  Executor executor_;
  Completion arrived_;
  std::optional<T> value_;
};

class Crew {
 public:
  // `queue_limit`: jobs that wait while every thread is busy. Throws std::system_error when a thread cannot be had.
  Crew(std::size_t threads, std::size_t queue_limit);
  ~Crew();  // what runs is awaited, what waits is dropped
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // False when the queue is full, or after stop().
  bool try_add(std::function<void()> job);
  // Ends the threads; from here on no job runs.
  void stop();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<std::function<void()>> jobs_;
  std::size_t queue_limit_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

// Runs `job` on the crew and comes back to the caller's executor with what it gave; nothing when the queue is full, or
// when the job found no memory. The job owns what it uses: the caller may be gone when it runs. It throws nothing else.
// To be called with a named job that is moved.
template <class Job, class T = std::invoke_result_t<Job>>
Task<std::optional<T>> run_on(Crew& crew, Job job) {
  const Executor executor = co_await current_executor();
  using Made = std::optional<T>;
  const auto handoff = std::make_shared<Handoff<Made>>(executor);
  const auto owned = std::make_shared<Job>(std::move(job));  // std::function wants what can be copied
  const bool added = crew.try_add([handoff, owned] {
    Made made;
    try {
      made.emplace((*owned)());
    } catch (const std::bad_alloc&) {
    }
    Handoff<Made>::bring(handoff, std::move(made));
  });
  if (!added) co_return std::nullopt;
  auto brought = co_await handoff->wait();
  co_return std::move(*brought);
}

}  // namespace postern
