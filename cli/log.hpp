// The log of the program's own doings, on stderr; requests have the access log.
#pragma once

#include <string>

namespace postern::cli {

struct LogOptions {
  std::string level = "info";   // trace, debug, info, warn, error, off
  std::string format = "text";  // text or json
};

// From here on spdlog's default logger writes lines of that form: UTC time with milliseconds, level, message. Control
// characters in a message are escaped, so that nothing a client sends can forge a line or reach a terminal.
void start_log(const LogOptions& options);

}  // namespace postern::cli
