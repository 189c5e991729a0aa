// The one place that owns a store while the process runs.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "state/store.hpp"

namespace postern::token_service {

// Gives the store to whoever makes a call, for the time of that call. After close() nobody gets it any more: what it would
// call back may be gone soon.
class StoreHolder {
 public:
  explicit StoreHolder(std::shared_ptr<state::Store> store) : store_(std::move(store)) {}

  // Null after close(). Never to be kept, least of all by what the store itself calls: its last owner waits for its calls.
  std::shared_ptr<state::Store> get() const {
    const std::lock_guard lock(mutex_);
    return store_;
  }

  // Waits for the calls that were made.
  void close() {
    std::shared_ptr<state::Store> last;
    const std::lock_guard lock(mutex_);
    last.swap(store_);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<state::Store> store_;
};

}  // namespace postern::token_service
