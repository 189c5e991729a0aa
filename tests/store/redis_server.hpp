// A redis-server of a test's own, on a free port of loopback.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/temporary_folder.hpp"

namespace postern::state {

// A port of loopback that nobody listens at.
std::uint16_t free_port();

class RedisServer {
 public:
  // Started, and answering. `options` are more words of its command line; `configuration`, where there is one, are the
  // lines of a file that it may write anew.
  explicit RedisServer(std::vector<std::string> options = {}, const std::string& configuration = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  const std::filesystem::path& folder() const noexcept { return folder_.path(); }

  void kill();                  // SIGKILL; what was not appended to its log is lost
  void start();                 // again, on the same port, with its log where it has one
  void send(int signal) const;  // SIGSTOP and SIGCONT
  // What redis-cli gives for a command, without the final newline.
  std::string ask(const std::vector<std::string>& command) const;

 private:
  std::vector<std::string> options_;
  TemporaryFolder folder_{"postern-redis-"};
  std::uint16_t port_ = 0;
  pid_t process_ = 0;
};

}  // namespace postern::state
