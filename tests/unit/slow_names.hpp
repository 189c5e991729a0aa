// A resolver whose look-ups end when a test says so.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gateway/name_lookups.hpp"

namespace postern {

class SlowNames {
 public:
  // May outlive this; a look-up waits for open().
  Resolve resolve() const {
    return [names = names_](const std::string& host) -> Resolved {
      std::unique_lock lock(names->mutex);
      names->asked.push_back(host);
      names->changed.notify_all();
      names->changed.wait(lock, [&] { return names->is_open; });
      return names->resolved;
    };
  }
  // From now on that is what all names are.
  void open(Resolved resolved) {
    const std::lock_guard lock(names_->mutex);
    names_->resolved = std::move(resolved);
    names_->is_open = true;
    names_->changed.notify_all();
  }
  std::vector<std::string> asked() const {
    const std::lock_guard lock(names_->mutex);
    return names_->asked;
  }
  void wait_for_look_ups(std::size_t count) const {
    std::unique_lock lock(names_->mutex);
    REQUIRE(names_->changed.wait_for(lock, std::chrono::seconds(20), [&] { return names_->asked.size() >= count; }));
  }
  // Whether no look-up is left; each has its own share of what it needs.
  bool is_left_alone() const { return names_.use_count() == 1; }

 private:
  struct Names {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> asked;
    Resolved resolved;
    bool is_open = false;
  };
  std::shared_ptr<Names> names_ = std::make_shared<Names>();
};

}  // namespace postern
