// Signing keys over a store that a test holds in its hand.
#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "filters/token_service/signing_keys.hpp"
#include "tests/unit/token_service/silent_store.hpp"

namespace postern::token_service {

// Has the same keys whatever is added, and answers at once, be it that it cannot.
class StubbornStore final : public SilentStore {
 public:
  explicit StubbornStore(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      state::SigningKeyRecord key;
      key.kid = "key " + std::to_string(i);
      key.alg = "one that nobody knows";
      key.retired = 4'000'000'000'000;
      set.keys.push_back(std::move(key));
    }
  }
  void load_signing_keys(state::Done<state::SigningKeySet> done) override {
    ++loaded;
    if (unreadable) return done(tl::unexpected(*unreadable));
    done(set);
  }
  void add_signing_key(state::SigningKeyRecord, std::uint64_t, state::Done<state::SigningKeySet> done) override {
    ++added;
    if (unwritable) return done(tl::unexpected(*unwritable));
    done(set);
  }

  state::SigningKeySet set;
  std::optional<state::StoreError> unreadable, unwritable;
  int loaded = 0, added = 0;
};

// Keys over such a store, which have looked at it for the first time.
struct Stubborn {
  explicit Stubborn(std::size_t count) : store(std::make_shared<StubbornStore>(count)) {
    spdlog::set_level(spdlog::level::off);
    keys->start();
    io.poll();
  }
  ~Stubborn() {
    holder->close();
    spdlog::set_level(level);
  }
  Stubborn(const Stubborn&) = delete;
  Stubborn& operator=(const Stubborn&) = delete;

  const spdlog::level::level_enum level = spdlog::get_level();
  boost::asio::io_context io{1};
  const std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  std::shared_ptr<StubbornStore> store;
  std::shared_ptr<StoreHolder> holder = std::make_shared<StoreHolder>(store);
  std::shared_ptr<SigningKeys> keys = std::make_shared<SigningKeys>(io, holder, Revocations::follow(*store),
                                                                    schedule_of(conf::TokenService()), Secret());
};

}  // namespace postern::token_service
