// The token services of the process and what they share, and the revocations without one, over all reloads.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/digest.hpp"
#include "conf/config.hpp"
#include "conf/problems.hpp"
#include "filters/token_service/service.hpp"
#include "filters/token_service/stores.hpp"
#include "gateway/executor.hpp"

namespace postern::token_service {

// Must outlive every snapshot that uses it.
class Engine {
 public:
  Engine();
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The service that `config` asks for. What belongs to its store (sessions, keys, revocations) goes on when a
  // configuration before had the same one. Null without a token service, and with `problems` when its files cannot be
  // used. Any thread.
  std::shared_ptr<const Service> service(const conf::Config& config, conf::Problems& problems);

  // The store of `revocations`, which goes on likewise. Nothing without that section, and with `problems` when its
  // files cannot be used. Any thread.
  FollowedStore revocations(const conf::Config& config, conf::Problems& problems);

  // Ends the threads and closes the stores: from here on nobody who waits is woken. Before the workers of waiting
  // requests go.
  void stop();

 private:
  std::shared_ptr<Shared> shared(const conf::TokenService& settings, conf::Problems& problems);
  std::vector<std::shared_ptr<Shared>> all_shared();

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<Executor> work_;
  Stores stores_;
  std::mutex mutex_;
  // By the store's identity and the hash of the secret under which its signing keys are encrypted.
  std::map<std::pair<std::string, Sha256>, std::weak_ptr<Shared>> by_store_;
  std::thread thread_;
};

}  // namespace postern::token_service
