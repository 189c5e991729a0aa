#include "gateway/start_only.hpp"

#include <spdlog/spdlog.h>

namespace postern {

StartOnly start_only_of(const conf::Config& config) {
  StartOnly fixed{config.workers, config.admin.address, config.access_log, std::nullopt};
  if (config.token_service) fixed.hashing_threads = config.token_service->hashing_threads;
  return fixed;
}

void warn_about_restart(const StartOnly& running, const StartOnly& wanted) {
  if (wanted.workers != running.workers) spdlog::warn("workers: the change needs a restart");
  if (wanted.admin_address != running.admin_address) spdlog::warn("admin.address: the change needs a restart");
  if (wanted.access_log != running.access_log) spdlog::warn("access_log: the change needs a restart");
  const bool have_service = wanted.hashing_threads && running.hashing_threads;
  if (have_service && *wanted.hashing_threads != *running.hashing_threads) {
    spdlog::warn("token_service.hashing_threads: the change needs a restart");
  }
}

}  // namespace postern
