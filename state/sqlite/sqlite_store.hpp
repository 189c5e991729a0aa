// The store of one machine: an SQLite file in WAL mode. One thread writes, and commits what has gathered meanwhile as
// one transaction (synchronous=FULL: on disk before anybody is answered); another one watches for what other processes
// of the machine have committed.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "state/store.hpp"

namespace postern::state {

struct SqliteOptions {
  std::string file;                              // made with rights 0600 when it is missing
  std::chrono::milliseconds busy_timeout{2000};  // while another process writes
  std::chrono::milliseconds watch_period{25};    // between two looks for what is new
  std::size_t queue_limit = 4096;                // calls that wait; beyond: StoreError::Kind::busy
  std::chrono::milliseconds timeout{5000};       // a call that has waited for so long is not begun any more
};

// Opens it; a file that is missing (its directory must be there) is made. The error is a sentence with the path: no
// access, another owner, rights that let others read it, no database, another program's, a schema of a newer postern.
// On a local disk: the write-ahead log needs memory shared by its processes.
tl::expected<std::unique_ptr<Store>, std::string> open_sqlite_store(const SqliteOptions& options);

}  // namespace postern::state
