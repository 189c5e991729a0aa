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
  // begins now. The one that is there goes on as before, since this configuration may be refused yet:
  // RemoteKeys::adopt() brings it the limits and certificates of `config`. Any thread.
  std::shared_ptr<RemoteKeys> source(const RemoteConfig& config);

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
  std::map<std::string, std::weak_ptr<RemoteKeys>> sources_;
  std::thread thread_;
};

}  // namespace postern::keys
