// The one thread that writes to an SQLite file. What was called while it committed is the next transaction (group
// commit): one flush of the disk for all of it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "state/sqlite/statement.hpp"
#include "state/store.hpp"

namespace postern::state {

class Writer {
 public:
  Writer(Database database, std::size_t queue_limit, std::chrono::milliseconds timeout);
  ~Writer();  // runs what was submitted
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Runs `work(database)` in a transaction, and calls `done` with what it gave once that is committed. Work that fails
  // undoes nothing of its neighbours'. With `queue_limit` calls waiting, `done` is called at once with `busy`. Work
  // that has waited for `timeout` is not begun, as its caller has given it up: it would be done, once a disk that stood
  // still goes on, with times of long ago.
  template <class T, class Work>
  void submit(Work work, Done<T> done) {
    auto call = std::make_unique<TypedCall<T, Work>>(std::move(work), std::move(done));
    call->deadline = std::chrono::steady_clock::now() + timeout_;
    add(std::move(call));
  }

 private:
  struct Call {
    virtual ~Call() = default;
    virtual void run(Database& database) = 0;
    virtual void finish() = 0;
    virtual void fail(StoreError error) = 0;
    std::chrono::steady_clock::time_point deadline;
    std::optional<StoreError> error;  // of its own
  };
  using Batch = std::vector<std::unique_ptr<Call>>;

  template <class T, class Work>
  struct TypedCall final : Call {
    TypedCall(Work given_work, Done<T> given_done) : work(std::move(given_work)), done(std::move(given_done)) {}
    void run(Database& database) override { outcome = work(database); }
    void finish() override { done(std::move(outcome)); }
    void fail(StoreError why) override { done(tl::unexpected(std::move(why))); }
    Work work;
    Done<T> done;
    T outcome{};
  };

  void add(std::unique_ptr<Call> call);
  void run();
  void run_one(Call& call);
  std::optional<StoreError> commit(const Batch& batch) noexcept;  // the error of all of them
  std::optional<StoreError> try_commit(const Batch& batch);
  void roll_back();

  Database database_;
  const std::size_t queue_limit_;
  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;  // of the two below
  Batch waiting_;
  bool ending_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace postern::state
