// Where the keys of a provider are at every moment, whatever thread asks: fixed ones from files, or a set that is
// fetched and renewed while requests go on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "filters/jose/jwks.hpp"
#include "gateway/filter.hpp"
#include "gateway/provider_status.hpp"

namespace postern::keys {

using KeysPtr = std::shared_ptr<const jose::KeySet>;

// Why a request waits for a fetch.
enum class Wanted : std::uint8_t {
  any_keys,     // none can be used
  unknown_kid,  // there are keys, but not the token's
};

// How the wait ended.
enum class Waited : std::uint8_t {
  not_at_all,  // no fetch is under way and none may begin, or it took too long
  for_older,   // for a fetch that had begun before: what it brought may be older than the question
  for_own,     // for a fetch that began with the question
};

class KeySource {
 public:
  virtual ~KeySource() = default;

  // The keys of this moment; null when none can be used: never loaded, or too old. The set that is given lives as long
  // as the caller holds it.
  KeysPtr keys() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }

  // Another number whenever keys() gives another set. One atomic load: asked for each cached token.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

  // Waits for the end of a fetch that could bring what is wanted, bounded; after one keys() is worth another look. On
  // the caller's executor.
  virtual Task<Waited> await_fetch(Wanted) { co_return Waited::not_at_all; }
  // For operators; without the provider's name and issuers.
  virtual ProviderStatus status() const = 0;
  // Whether the last fetch failed: the issuer may have keys by now that keys() lacks.
  virtual bool is_failing() const = 0;
  // Whether await_fetch() can ever be worth a coroutine.
  virtual bool is_remote() const noexcept { return false; }

 protected:
  void publish(KeysPtr keys) {
    const std::lock_guard lock(mutex_);
    keys_ = std::move(keys);
    version_.fetch_add(1, std::memory_order_release);
  }

 private:
  mutable std::mutex mutex_;  // for the copy of a pointer
  KeysPtr keys_;
  std::atomic<std::uint64_t> version_{0};
};

// Nobody fetches here: a configuration is only checked.
class NoKeys final : public KeySource {
 public:
  ProviderStatus status() const override { return {}; }
  bool is_failing() const override { return false; }
};

// Keys that stay as they were loaded, from the files that `source` names.
class LocalKeys final : public KeySource {
 public:
  LocalKeys(jose::KeySet keys, std::string source, std::vector<jose::SkippedKey> skipped);
  ProviderStatus status() const override { return status_; }
  bool is_failing() const override { return false; }

 private:
  ProviderStatus status_;
};

}  // namespace postern::keys
