// Writes kept keys. A disk may hang, for as long as it likes: each file is written by a thread of its own, which nobody
// waits for.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "filters/keys/kept_keys.hpp"

namespace postern::keys {

class KeyKeeper {
 public:
  // Waits for the disk; the error is a sentence. May be called on any thread, and after the keeper is gone.
  using Write = std::function<std::optional<std::string>(const std::string& folder, const KeptKeys& keys)>;

  explicit KeyKeeper(Write write = keep_keys);
  // Returns at once: what is being written then ends by itself, and what should have followed is not written.
  ~KeyKeeper();
  KeyKeeper(const KeyKeeper&) = delete;
  KeyKeeper& operator=(const KeyKeeper&) = delete;

  // Returns at once. A source's file is written by one thread at a time; of what comes meanwhile the newest follows. A
  // failure is logged, as one of that provider. Any thread.
  void keep(const std::string& provider, const std::string& folder, KeptKeys keys);

  // Waits until everything is written, for so long at most. False when something is not.
  bool finish(std::chrono::milliseconds longest);

 private:
  struct Work;
  struct Writes;
  static void run(const std::shared_ptr<Writes>& writes, const std::string& file, Work work) noexcept;

  const std::shared_ptr<Writes> writes_;
};

}  // namespace postern::keys
