// A task that runs beside the one that began it and that will wait for its end.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "gateway/task.hpp"

namespace postern {

// Owned by the task that begins it. Once it has begun nothing here needs memory: whoever is about to take down what the
// side task works on can always wait for its end first. Goes with the io_context in any order of the two.
class SideTask {
 public:
  SideTask() = default;
  SideTask(const SideTask&) = delete;
  SideTask& operator=(const SideTask&) = delete;
  ~SideTask() {
    if (running_ != nullptr) running_->owner_ = nullptr;
  }

  // When none is running, on the executor's thread, where the task runs at once until it waits for something. What it
  // throws is lost.
  void begin(const Executor& executor, Task<void> task) { spawn(executor, run(*this, std::move(task))); }
  bool is_running() const noexcept { return running_ != nullptr; }

  // `co_await side.end()`: at once when none is running.
  auto end() noexcept { return End(*this); }

 private:
  // In the frame of the side task. Its end resumes the owner; where the io_context drops the frame, it takes along the
  // owner that waits for it, which nothing else holds then.
  class Running {
   public:
    explicit Running(SideTask& owner) noexcept : owner_(&owner) { owner.running_ = this; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
      if (task::Promise* const waiting = let_go()) waiting->abandon();
    }
    // The owner may be gone after this.
    void finish() {
      if (task::Promise* const waiting = let_go()) waiting->resume();
    }

   private:
    friend class SideTask;
    task::Promise* let_go() noexcept {
      if (owner_ == nullptr) return nullptr;
      SideTask& owner = *std::exchange(owner_, nullptr);
      owner.running_ = nullptr;
      return std::exchange(owner.waiting_, nullptr);
    }

    SideTask* owner_;
  };

  class End {
   public:
    explicit End(SideTask& side) noexcept : side_(side) {}
    bool await_ready() const noexcept { return !side_.is_running(); }
    template <class P>
    void await_suspend(std::coroutine_handle<P> waiting) const noexcept {
      side_.waiting_ = &waiting.promise();
    }
    void await_resume() const noexcept {}

   private:
    SideTask& side_;
  };

  static Task<void> run(SideTask& owner, Task<void> task) {
    Running running(owner);
    try {
      co_await std::move(task);
    } catch (...) {  // told to nobody
    }
    running.finish();
  }

  Running* running_ = nullptr;
  task::Promise* waiting_ = nullptr;
};

}  // namespace postern
