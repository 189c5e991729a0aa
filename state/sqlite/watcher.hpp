// Tells a follower what any process has committed to the file, from a connection and a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "state/sqlite/statement.hpp"
#include "state/store.hpp"

namespace postern::state {

class Watcher {
 public:
  // PRAGMA data_version is asked each `period`: it changes with every commit of another connection, and only then are
  // revocations read.
  Watcher(std::string file, std::chrono::milliseconds busy_timeout, std::chrono::milliseconds period,
          Follower follower);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  void run();
  std::optional<StoreError> look();
  void read_revocations();

  const std::string file_;
  const std::chrono::milliseconds busy_timeout_;
  const std::chrono::milliseconds period_;
  const Follower follower_;

  // The thread's own.
  std::optional<Database> database_;     // opened anew after a failure
  std::optional<std::int64_t> version_;  // of this connection: none before the first look
  std::optional<std::uint64_t> known_;   // the last number that the follower was told of: none before `complete`

  std::mutex mutex_;
  bool ending_ = false;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace postern::state
