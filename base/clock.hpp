// The wall clock. Rules do not read it: they are told what time it is.
#pragma once

#include <chrono>

namespace postern {

// Unix seconds (RFC 7519's NumericDate).
inline double unix_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace postern
