#include "filters/keys/key_keeper.hpp"

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace postern::keys {

struct KeyKeeper::Work {
  std::string provider, folder;
  KeptKeys keys;
};

// Everything that a thread needs, so that it needs nothing of those who may be gone.
struct KeyKeeper::Writes {
  explicit Writes(Write how) : write(std::move(how)) {}

  const Write write;
  std::mutex mutex;  // for everything below
  std::condition_variable ended;
  std::map<std::string, std::optional<Work>> under_way;  // by file, each with what follows
  bool is_over = false;                                  // there may be no log any more

  std::optional<std::string> try_to(const Work& work) const noexcept {
    try {
      return write(work.folder, work.keys);
    } catch (const std::exception&) {
      return "no memory";  // short enough to need none
    }
  }

  void tell(const Work& work, const std::string& fault) const {
    if (is_over) return;
    spdlog::warn("provider {}: the keys could not be kept: {}", work.provider, fault);
  }
};

KeyKeeper::KeyKeeper(Write write) : writes_(std::make_shared<Writes>(std::move(write))) {}

KeyKeeper::~KeyKeeper() {
  const std::lock_guard lock(writes_->mutex);
  writes_->is_over = true;
}

void KeyKeeper::keep(const std::string& provider, const std::string& folder, KeptKeys keys) {
  const std::string file = folder + '/' + kept_file_name(keys.source);
  Work work{provider, folder, std::move(keys)};
  const std::lock_guard lock(writes_->mutex);
  const auto [place, is_idle] = writes_->under_way.try_emplace(file);
  if (!is_idle) {
    place->second = std::move(work);
    return;
  }
  try {
    std::thread(run, writes_, file, work).detach();
  } catch (const std::exception& no_thread) {  // or no memory for one
    writes_->under_way.erase(place);
    writes_->tell(work, no_thread.what());
  }
}

bool KeyKeeper::finish(std::chrono::milliseconds longest) {
  std::unique_lock lock(writes_->mutex);
  return writes_->ended.wait_for(lock, longest, [this] { return writes_->under_way.empty(); });
}

void KeyKeeper::run(const std::shared_ptr<Writes>& writes, const std::string& file, Work work) noexcept {
  for (;;) {
    const std::optional<std::string> fault = writes->try_to(work);
    const std::lock_guard lock(writes->mutex);
    if (fault) writes->tell(work, *fault);
    const auto place = writes->under_way.find(file);
    if (!place->second || writes->is_over) {
      writes->under_way.erase(place);
      writes->ended.notify_all();
      return;
    }
    work = *std::exchange(place->second, std::nullopt);
  }
}

}  // namespace postern::keys
