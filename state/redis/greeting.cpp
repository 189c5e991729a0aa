#include "state/redis/greeting.hpp"

#include <algorithm>

#include "state/redis/scripts.hpp"

namespace postern::state::redis {

std::vector<Words> greeting(const conf::RedisUrl& url, ForScripts for_scripts) {
  std::vector<Words> commands;
  const std::string password(url.password.reveal());
  if (!url.password.empty()) {
    commands.push_back(url.user.empty() ? Words{"AUTH", password} : Words{"AUTH", url.user, password});
  }
  if (url.database != 0) commands.push_back({"SELECT", std::to_string(url.database)});
  if (for_scripts == ForScripts::no) return commands;
  for (const Script script : all_scripts) commands.push_back({"SCRIPT", "LOAD", text_of(script)});
  return commands;
}

std::chrono::milliseconds reconnect_pause(unsigned failures, double random) noexcept {
  constexpr unsigned doublings = 6;  // 1280 ms: beyond the limit
  const double whole = std::min(20.0 * (1U << std::min(failures, doublings)), 1000.0);
  return std::chrono::milliseconds(static_cast<std::int64_t>(whole * (0.5 + random / 2)));
}

}  // namespace postern::state::redis
