#include "state/sqlite/writer.hpp"

#include <new>

#include "base/want_of_memory.hpp"

namespace postern::state {

Writer::Writer(Database database, std::size_t queue_limit, std::chrono::milliseconds timeout)
    : database_(std::move(database)), queue_limit_(queue_limit), timeout_(timeout), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Writer::add(std::unique_ptr<Call> call) {
  std::unique_lock lock(mutex_);
  if (waiting_.size() >= queue_limit_) {
    lock.unlock();
    return call->fail({StoreError::Kind::busy, "too many calls are waiting"});
  }
  waiting_.push_back(std::move(call));
  lock.unlock();
  changed_.notify_one();
}

void Writer::run() {
  while (true) {
    Batch batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      batch.swap(waiting_);
    }
    const auto error = commit(batch);
    for (const auto& call : batch) {
      try {
        if (error) {
          call->fail(copy_of(*error));
        } else if (call->error) {
          call->fail(std::move(*call->error));
        } else {
          call->finish();
        }
      } catch (const std::bad_alloc&) {  // who waits gives up by himself
      }
    }
  }
}

std::optional<StoreError> Writer::commit(const Batch& batch) noexcept {
  try {
    return try_commit(batch);
  } catch (const std::bad_alloc&) {
    insist([this] { roll_back(); });
    return out_of_memory();
  }
}

std::optional<StoreError> Writer::try_commit(const Batch& batch) {
  // The lock is taken before anything is read: a transaction that begins to write later may find its snapshot outdated,
  // and no waiting helps then.
  database_.run("BEGIN IMMEDIATE");
  for (const auto& call : batch) {
    if (database_.failed()) break;
    run_one(*call);
    // A full disk, for one, ends the whole transaction: what the neighbours did is gone, too.
    if (!database_.in_transaction()) return call->error;
  }
  database_.run("COMMIT");
  auto error = database_.take_error();
  if (error) roll_back();
  return error;
}

void Writer::roll_back() {
  database_.take_error();
  if (!database_.in_transaction()) return;
  database_.run("ROLLBACK");
  database_.take_error();  // an earlier one says what happened
}

void Writer::run_one(Call& call) {
  if (std::chrono::steady_clock::now() >= call.deadline) {
    call.error = StoreError{StoreError::Kind::unreachable, "the call has waited for too long"};
    return;
  }
  execute(database_, "SAVEPOINT call");
  call.run(database_);
  call.error = database_.take_error();
  if (!database_.in_transaction()) return;
  if (call.error) execute(database_, "ROLLBACK TO call");
  execute(database_, "RELEASE call");
}

}  // namespace postern::state
