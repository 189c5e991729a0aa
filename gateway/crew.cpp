#include "gateway/crew.hpp"

namespace postern {

Crew::Crew(std::size_t threads, std::size_t queue_limit) : queue_limit_(queue_limit) {
  try {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  } catch (...) {
    stop();  // those that run use what is about to go
    throw;
  }
}

Crew::~Crew() {
  stop();
}

bool Crew::try_add(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || jobs_.size() >= queue_limit_) return false;
    jobs_.push_back(std::move(job));
  }
  added_.notify_one();
  return true;
}

void Crew::stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    jobs_.clear();
  }
  added_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Crew::work() {
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      added_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (ending_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace postern
