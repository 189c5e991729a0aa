// The thread that fetches keys, and the sources that are shared: one for each URL in the process, over all reloads.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "filters/keys/key_keeper.hpp"
#include "filters/keys/remote_keys.hpp"
#include "gateway/executor.hpp"

namespace postern::keys {

// Must outlive every snapshot whose providers use it.
class Engine {
 public:
  explicit Engine(KeptFiles kept_files = KeptFiles::read_and_written);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The source of `config.identity`: the one that is there already, with its keys, or a new one whose first fetch
  // begins now, with the keys that the provider of that name has until then. The one that is there goes on as before,
  // since this configuration may be refused yet: take_effect() follows. Any thread.
  std::shared_ptr<RemoteKeys> source(const RemoteConfig& config);
  // The provider of `config` is served by that source from now on, with the limits and certificates of `config`.
  void take_effect(const std::shared_ptr<RemoteKeys>& source, const RemoteConfig& config);

  // Ends the thread: from here on nobody who waits is woken. Before the workers of waiting requests go. Keys that were
  // fetched are kept first, if the disk does not take longer than a second.
  void stop();

 private:
  const KeptFiles kept_files_;
  UrlTurns turns_;
  KeyKeeper keeper_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<Executor> work_;
  std::mutex mutex_;
  using Sources = std::map<std::string, std::weak_ptr<RemoteKeys>>;
  Sources sources_;    // by identity
  Sources in_effect_;  // by the provider's name
  std::thread thread_;
};

}  // namespace postern::keys
