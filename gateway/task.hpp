// The coroutine of the program, and how one waits for an operation of Asio.
//
// A task runs on one io_context, on the thread that runs it. It does what boost::asio::awaitable does with less on the way:
// an operation needs no coroutine of its own, a call no list of frames, a completion no executor.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "gateway/executor.hpp"

namespace postern {

template <class T>
class Task;

namespace task {

// Memory of coroutines' frames, kept for the next ones of the same thread.
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;
void free_kept_frames() noexcept;

// What the promises of all coroutines share.
class Promise {
 public:
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  boost::asio::io_context& io() const noexcept { return *io_; }
  void set_io(boost::asio::io_context& io) noexcept { io_ = &io; }
  void resume() const { self_.resume(); }
  // Destroys the outermost of the coroutines that wait for this one, and with it all of them.
  void abandon() const noexcept {
    const Promise* outermost = this;
    while (outermost->caller_ != nullptr) outermost = outermost->caller_;
    outermost->self_.destroy();
  }

 protected:
  explicit Promise(std::coroutine_handle<> self) noexcept : self_(self) {}

 private:
  template <class T>
  friend class postern::Task;
  friend struct Finished;

  std::coroutine_handle<> self_;
  Promise* caller_ = nullptr;
  boost::asio::io_context* io_ = nullptr;
  bool caller_waits_ = false;  // it has been suspended, since this one did not end at once
};

// The end of a task: whoever waits for it goes on.
struct Finished {
  bool await_ready() const noexcept { return false; }
  template <class P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> ended) const noexcept {
    const Promise& promise = ended.promise();
    if (promise.caller_waits_) return promise.caller_->self_;
    return std::noop_coroutine();  // back into the caller's await_suspend()
  }
  void await_resume() const noexcept {}
};

template <class T>
class Returning : public Promise {
 public:
  template <class U = T>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() { return std::move(*value_); }

 protected:
  using Promise::Promise;

 private:
  std::optional<T> value_;
};

template <>
class Returning<void> : public Promise {
 public:
  void return_void() const noexcept {}
  void take() const noexcept {}

 protected:
  using Promise::Promise;
};

}  // namespace task

// Begins when it is awaited, which can be done once; destroyed before, or meanwhile, it does nothing more. An exception
// that leaves it is thrown by the await.
template <class T>
class [[nodiscard]] Task {
 public:
  class promise_type final : public task::Returning<T> {
   public:
    promise_type() noexcept
        : task::Returning<T>(std::coroutine_handle<promise_type>::from_promise(*this)) {}
    Task get_return_object() noexcept { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    task::Finished final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { failure_ = std::current_exception(); }
    T result() {
      if (failure_) std::rethrow_exception(failure_);
      return this->take();
    }

   private:
    std::exception_ptr failure_;
  };

  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  auto operator co_await() && noexcept { return Awaiter(std::move(*this)); }

  class Awaiter {
   public:
    explicit Awaiter(Task&& task) noexcept : task_(std::move(task)) {}
    bool await_ready() const noexcept { return false; }
    // Runs the task until it ends or waits for something. Not by a jump into it: a loop that awaits what is at hand would
    // deepen the stack where the compiler does not make such jumps (-O0).
    template <class P>
    bool await_suspend(std::coroutine_handle<P> caller) {
      task::Promise& promise = task_.coroutine_.promise();
      promise.caller_ = &caller.promise();
      promise.io_ = promise.caller_->io_;
      task_.coroutine_.resume();
      promise.caller_waits_ = !task_.coroutine_.done();
      return promise.caller_waits_;
    }
    T await_resume() { return task_.coroutine_.promise().result(); }

   private:
    Task task_;
  };

 private:
  explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

  std::coroutine_handle<promise_type> coroutine_;
};

namespace task {

// The outermost coroutine. Destroys itself at its end.
struct Root {
  class promise_type final : public Promise {
   public:
    promise_type() noexcept : Promise(std::coroutine_handle<promise_type>::from_promise(*this)) {}
    Root get_return_object() noexcept { return {this}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
  Promise* promise;
};

template <class T, class Done>
Root run_root(Task<T> task, Done done) {
  std::exception_ptr failure;
  if constexpr (std::is_void_v<T>) {
    try {
      co_await std::move(task);
    } catch (...) {
      failure = std::current_exception();
    }
    done(failure);
  } else {
    T value{};
    try {
      value = co_await std::move(task);
    } catch (...) {
      failure = std::current_exception();
    }
    done(failure, std::move(value));
  }
}

// Owns a coroutine that waits to be resumed by Asio, and all that wait for it; an io_context that goes drops it.
class Resumption {
 public:
  explicit Resumption(Promise& waiting) noexcept : waiting_(&waiting) {}
  void operator()() { waiting_.release()->resume(); }

 private:
  struct Abandon {
    void operator()(const Promise* waiting) const noexcept { waiting->abandon(); }
  };
  std::unique_ptr<Promise, Abandon> waiting_;
};

}  // namespace task

// Begins a task on an executor: at once when this is its thread, else as soon as it gets to it. `done` is called there at the
// end, with what the task threw, if it did, and with its value. It must not throw.
template <class T, class Done>
void spawn(const Executor& executor, Task<T> task, Done done) {
  task::Promise& root = *task::run_root(std::move(task), std::move(done)).promise;
  root.set_io(executor.context());
  boost::asio::dispatch(executor, task::Resumption(root));
}

// The same, where nobody is interested in the end.
template <class T>
void spawn(const Executor& executor, Task<T> task) {
  spawn(executor, std::move(task), [](const std::exception_ptr&, auto&&...) {});
}

// `co_await current_executor()`: where the coroutine runs.
class CurrentExecutor {
 public:
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> caller) noexcept {
    io_ = &caller.promise().io();
    return false;
  }
  Executor await_resume() const noexcept { return io_->get_executor(); }

 private:
  boost::asio::io_context* io_ = nullptr;
};
inline CurrentExecutor current_executor() noexcept { return {}; }

// The completion token of a task that awaits an operation: `auto [error, bytes] = co_await
// socket.async_read_some(buffer, as_result)`. What the operation completes with becomes a tuple; nothing is thrown but for
// want of memory. The task goes on where the operation's object completes; post() and its like are given the executor.
struct AsResult {};
inline constexpr AsResult as_result{};

namespace task {

// An operation that begins when it is awaited, on the thread of its executor. Its arguments are kept until then.
template <class Initiation, class Arguments, class... Results>
class Operation {
 public:
  Operation(Initiation initiation, Arguments arguments)
      : initiation_(std::move(initiation)), arguments_(std::move(arguments)) {}

  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> caller) {
    std::apply([this](auto&... arguments) { std::move(initiation_)(Handler(*this), std::move(arguments)...); },
               arguments_);
    waiting_ = &caller.promise();  // not before: an initiation that throws drops its handler
  }
  std::tuple<Results...> await_resume() { return *std::move(results_); }

 private:
  class Handler {
   public:
    explicit Handler(Operation& operation) noexcept : operation_(&operation) {}
    template <class... Values>
    void operator()(Values&&... values) {
      Operation& operation = *operation_.release();
      operation.results_.emplace(std::forward<Values>(values)...);
      operation.waiting_->resume();
    }

   private:
    struct Abandon {
      void operator()(const Operation* operation) const noexcept {
        if (operation->waiting_ != nullptr) operation->waiting_->abandon();
      }
    };
    std::unique_ptr<Operation, Abandon> operation_;
  };

  Initiation initiation_;
  Arguments arguments_;
  Promise* waiting_ = nullptr;
  std::optional<std::tuple<Results...>> results_;
};

// Either of two ways to the same result, so that the short one needs no coroutine.
template <class Short, class Long>
class Either {
 public:
  Either(Short way) : way_(std::in_place_type<Short>, std::move(way)) {}
  Either(Long way) : way_(std::in_place_type<Long>, std::move(way)) {}

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> caller) {
    if (Long* const way = std::get_if<Long>(&way_)) return way->await_suspend(caller);
    std::get_if<Short>(&way_)->await_suspend(caller);
    return true;
  }
  auto await_resume() {
    if (Long* const way = std::get_if<Long>(&way_)) return way->await_resume();
    return std::get_if<Short>(&way_)->await_resume();
  }

 private:
  std::variant<Short, Long> way_;
};

}  // namespace task
}  // namespace postern

template <class... Results>
class boost::asio::async_result<postern::AsResult, void(Results...)> {
 public:
  template <class Initiation, class... Arguments>
  static auto initiate(Initiation&& initiation, postern::AsResult, Arguments&&... arguments) {
    using Kept = std::tuple<std::decay_t<Arguments>...>;
    return postern::task::Operation<std::decay_t<Initiation>, Kept, std::decay_t<Results>...>(
        std::forward<Initiation>(initiation), Kept(std::forward<Arguments>(arguments)...));
  }
};
