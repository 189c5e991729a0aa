// The stores of the process, over all reloads.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "conf/problems.hpp"
#include "filters/token_service/followed_store.hpp"
#include "filters/token_service/store_settings.hpp"
#include "gateway/executor.hpp"
#include "state/believed_time.hpp"

namespace postern::token_service {

// Each is followed while somebody has it, and swept of what has expired by the time that is believed.
class Stores {
 public:
  static constexpr std::chrono::milliseconds usual_pause{5000};

  // Works on `io`, whose thread may take its time. It must outlive every store, and run until close() was called.
  // `pause`: between two turns of sweeping.
  explicit Stores(boost::asio::io_context& io, std::chrono::milliseconds pause = usual_pause);

  // The store of these settings, which is opened unless somebody has it. Nothing, and a problem, when it cannot be
  // used. Any thread.
  FollowedStore follow(const StoreSettings& settings, conf::Problems& problems);

  // From here on nobody who waits for a store is woken.
  void close();

 private:
  // Revocations live as long as their store.
  struct Open {
    std::weak_ptr<StoreHolder> store;
    std::weak_ptr<Revocations> revocations;
  };

  std::vector<std::shared_ptr<StoreHolder>> all();
  std::shared_ptr<StoreHolder> hold(std::shared_ptr<state::Store> store);
  void sweep_later();
  void sweep(const std::shared_ptr<StoreHolder>& holder);

  boost::asio::io_context& io_;
  const std::chrono::milliseconds pause_;
  SteadyTimer sweeping_;
  state::BelievedTime believed_;  // on the thread of `io`
  std::mutex mutex_;
  std::map<std::string, Open> by_identity_;
};

}  // namespace postern::token_service
