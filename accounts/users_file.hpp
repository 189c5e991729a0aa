// The user file on disk: changed by `postern users`, followed by the gateway.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "accounts/users.hpp"

namespace postern::accounts {

// Reads, changes and replaces the file under a lock (flock on `<file>.lock`); a file that is not there has no users.
// The new one is written beside it, flushed and renamed. Its rights are 0600, and where there was a file before, its
// owner, its group and the group's rights stay, so that a gateway which could read it still can. `change` gives an
// error to leave everything as it is. The error names the file.
std::optional<std::string> change_users_file(const std::string& file,
                                             const std::function<std::optional<std::string>(Users&)>& change);

// The users of a file as it is now: looked at when asked, read when it is another one.
class UsersFile {
 public:
  using Complain = std::function<void(const std::string& problem)>;

  // The error is parse_users()'s, or says why the file cannot be read. `complain` is told why a later one cannot
  // be used, once for each version of the file; of a file that cannot even be read, once for each reason.
  static tl::expected<std::shared_ptr<UsersFile>, std::string> open(const std::string& file, Complain complain);

  // Those of the last version that could be used. Any thread, but it may read the file: no worker's.
  std::shared_ptr<const Users> users();

 private:
  // What tells one version of the file from another; all zero when it is not there.
  struct Version {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0, changed_s = 0, changed_ns = 0;
    bool operator==(const Version&) const = default;
  };

  UsersFile(std::string file, Complain complain) : file_(std::move(file)), complain_(std::move(complain)) {}
  static Version version_of(const std::string& file);

  const std::string file_;
  const Complain complain_;
  std::mutex mutex_;  // guards what follows
  Version seen_;      // the last that was read
  std::string last_fault_;  // why a version could not be read, until one could
  std::shared_ptr<const Users> users_;
};

}  // namespace postern::accounts
