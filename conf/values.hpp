// Values that members of the configuration have.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace postern::conf {

using Duration = std::chrono::milliseconds;  // written `250ms`, `5s`, `2m`, `1h`, `7d`

// A number of bytes, written `512`, `16KiB`, `1MiB`, `2GiB`.
struct Bytes {
  std::uint64_t count = 0;
  bool operator==(const Bytes&) const = default;
};

// A file named in the configuration.
struct FilePath {
  std::string written;   // as in the file
  std::string resolved;  // relative ones start at the configuration file's folder
  bool operator==(const FilePath&) const = default;
  bool empty() const { return written.empty(); }
};

}  // namespace postern::conf
