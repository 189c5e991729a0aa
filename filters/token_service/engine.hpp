// The token services of the process and what they share, over all reloads.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "conf/config.hpp"
#include "conf/problems.hpp"
#include "filters/token_service/service.hpp"

namespace postern::token_service {

// Must outlive every snapshot that uses it.
class Engine {
 public:
  Engine();
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The service that `config` asks for. What belongs to its store (sessions, keys, revocations) goes on when a
  // configuration before had the same one. Null without a token service, and with `problems` when its files cannot be used.
  // Any thread.
  std::shared_ptr<const Service> service(const conf::Config& config, conf::Problems& problems);

  // Ends the threads and closes the stores: from here on nobody who waits is woken. Before the workers of waiting requests
  // go.
  void stop();

 private:
  std::shared_ptr<Shared> shared(const conf::TokenService& settings, conf::Problems& problems);
  std::vector<std::shared_ptr<Shared>> all_shared();
  std::shared_ptr<StoreHolder> hold(std::shared_ptr<state::Store> store);
  void sweep_later();
  void sweep(const std::shared_ptr<Shared>& shared);

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      sweeping_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Shared>> by_store_;
  std::thread thread_;
};

}  // namespace postern::token_service
