// What a reload cannot change: as the process was started with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "conf/config.hpp"

namespace postern {

struct StartOnly {
  std::uint32_t workers = 0;
  std::string admin_address;
  std::string access_log;
  std::optional<std::uint32_t> hashing_threads;  // nothing: without a token service
};

StartOnly start_only_of(const conf::Config& config);
void warn_about_restart(const StartOnly& running, const StartOnly& wanted);

}  // namespace postern
