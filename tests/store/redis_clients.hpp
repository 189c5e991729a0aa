// What the tests of Redis share: calls that fail or heal, and a follower that counts.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "tests/store/stores.hpp"

namespace postern::state {

inline RedisOptions options_of(const RedisServer& server) {
  RedisOptions options;
  options.url.host = "127.0.0.1";
  options.url.port = server.port();
  return options;
}

inline Revocation revocation_of(std::string sid) {
  return {Revocation::Kind::sid, "https://id.example", std::move(sid), {}, 9'000'000'000'000};
}

// How a call ends that must fail, and how long it took.
struct Failed {
  StoreError error;
  std::chrono::milliseconds took{0};
};
inline Failed failed_call(Store& store) {
  const auto began = std::chrono::steady_clock::now();
  Answer<std::uint64_t> answer;
  store.revoke(revocation_of("s"), answer.done());
  const auto outcome = answer.wait();
  REQUIRE_FALSE(outcome.has_value());
  const auto took = std::chrono::steady_clock::now() - began;
  return {outcome.error(), std::chrono::duration_cast<std::chrono::milliseconds>(took)};
}

// Calls until one succeeds.
inline std::uint64_t healed_revoke(Store& store, const std::string& sid) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    Answer<std::uint64_t> answer;
    store.revoke(revocation_of(sid), answer.done());
    const auto outcome = answer.wait();
    if (outcome) return *outcome;
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, outcome.error().detail);
  }
}

// What a follower knows, and what it was told.
struct Known {
  Follower follower() {
    const auto add = [this](const std::vector<SequencedRevocation>& more) {
      for (const auto& one : more) sids.push_back(one.revocation.value);
    };
    return {.complete =
                [this, add](std::vector<SequencedRevocation> all) {
                  const std::lock_guard lock(mutex);
                  ++completed;
                  sids.clear();
                  add(all);
                  changed.notify_all();
                },
            .added =
                [this, add](std::vector<SequencedRevocation> more) {
                  const std::lock_guard lock(mutex);
                  add(more);
                  changed.notify_all();
                },
            .caught_up =
                [this](Millis) {
                  const std::lock_guard lock(mutex);
                  ++caught_up;
                  changed.notify_all();
                },
            .failed =
                [this](const StoreError& error) {
                  const std::lock_guard lock(mutex);
                  failures.push_back(error);
                  changed.notify_all();
                }};
  }
  template <class Condition>
  void wait_until(Condition condition) {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, patience, condition));
  }
  // A member as it is now; the store's thread writes them.
  template <class T>
  T now(T Known::*member) {
    const std::lock_guard lock(mutex);
    return this->*member;
  }
  void wait_for(std::vector<std::string> expected) {
    wait_until([&] { return sids == expected; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> sids;
  int completed = 0, caught_up = 0;
  std::vector<StoreError> failures;
};

}  // namespace postern::state
