// `postern demo`: a key pair, two users, a sample upstream, the gateway before it, and lines to paste.
#pragma once

#include <iosfwd>
#include <string>

namespace postern::cli {

struct DemoOptions {
  std::string listen;  // empty: 127.0.0.1:8080, or any port when that one is taken
};

// Runs until SIGINT or SIGTERM, then removes what it made. Returns the gateway's exit code.
int run_demo(const DemoOptions& options, std::ostream& out);

}  // namespace postern::cli
