// The wall clock. Rules do not read it: they are told what time it is.
#pragma once

#include <chrono>
#include <cstdint>

namespace postern {

// Unix seconds (RFC 7519's NumericDate).
inline double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}
inline std::int64_t unix_milliseconds() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

}  // namespace postern
