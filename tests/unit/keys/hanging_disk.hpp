// A disk of which some folders hang until a test lets them go.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "filters/keys/key_keeper.hpp"

namespace postern::keys {

class HangingDisk {
 public:
  explicit HangingDisk(std::set<std::string> folders) { state_->hanging = std::move(folders); }
  ~HangingDisk() { let_go(); }
  HangingDisk(const HangingDisk&) = delete;
  HangingDisk& operator=(const HangingDisk&) = delete;

  // What stands for keep_keys(); it may be called after the disk is gone.
  KeyKeeper::Write write() const {
    return [state = state_](const std::string& folder, const KeptKeys& keys) -> std::optional<std::string> {
      std::unique_lock lock(state->mutex);
      state->changed.wait(lock, [&] { return !state->hanging.contains(folder); });
      state->written.push_back(keys.document);
      state->changed.notify_all();
      return std::nullopt;
    };
  }
  void let_go() const {
    const std::lock_guard lock(state_->mutex);
    state_->hanging.clear();
    state_->changed.notify_all();
  }
  // The documents, in the order in which they came to the disk.
  std::vector<std::string> written() const {
    const std::lock_guard lock(state_->mutex);
    return state_->written;
  }
  // Nobody will write any more.
  bool is_forgotten() const noexcept { return state_.use_count() == 1; }
  // False when there are not so many in time.
  bool wait_for_writes(std::size_t count) const {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, std::chrono::seconds(20), [&] { return state_->written.size() >= count; });
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::set<std::string> hanging;
    std::vector<std::string> written;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace postern::keys
