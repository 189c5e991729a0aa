#include "state/sqlite/watcher.hpp"

#include <new>
#include <utility>

#include "base/clock.hpp"
#include "state/sqlite/revocations.hpp"

namespace postern::state {
namespace {

std::int64_t data_version(Database& database) {
  Query row(database, "PRAGMA data_version");
  return row.next() ? row.integer(0) : 0;
}

}  // namespace

Watcher::Watcher(std::string file, std::chrono::milliseconds busy_timeout, std::chrono::milliseconds period,
                 Follower follower)
    : file_(std::move(file)),
      busy_timeout_(busy_timeout),
      period_(period),
      follower_(std::move(follower)),
      thread_([this] { run(); }) {}

Watcher::~Watcher() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Watcher::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    const Millis now = unix_milliseconds();  // what is committed after that may be missed by this look
    try {
      if (const auto error = look()) {
        database_.reset();
        version_.reset();
        follower_.failed(*error);
      } else {
        follower_.caught_up(now);
      }
    } catch (const std::bad_alloc&) {
      database_.reset();
      version_.reset();
      known_.reset();  // what was read may not have been taken
    }
    lock.lock();
    changed_.wait_for(lock, period_, [this] { return ending_; });
  }
}

std::optional<StoreError> Watcher::look() {
  if (!database_) {
    auto opened = Database::open(file_, busy_timeout_);
    if (!opened) return opened.error();
    database_ = std::move(*opened);
  }
  const std::int64_t version = data_version(*database_);
  if (version != version_) read_revocations();
  version_ = version;
  return database_->take_error();
}

void Watcher::read_revocations() {
  // One snapshot: a revocation between the two reads would be known by its number alone.
  database_->run("BEGIN");
  const std::uint64_t last = last_revocation(*database_);
  // A file that was restored from a copy gives numbers again.
  const bool is_complete = !known_ || last < *known_;
  auto revocations = revocations_after(*database_, is_complete ? 0 : *known_);
  database_->run("COMMIT");
  if (database_->failed()) return;
  known_ = last;
  if (is_complete) {
    follower_.complete(std::move(revocations));
  } else if (!revocations.empty()) {
    follower_.added(std::move(revocations));
  }
}

}  // namespace postern::state
