#include "filters/keys/engine.hpp"

namespace postern::keys {

Engine::Engine(KeptFiles kept_files)
    : kept_files_(kept_files), work_(io_.get_executor()), thread_([this] { io_.run(); }) {}

Engine::~Engine() {
  stop();
}

void Engine::stop() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<RemoteKeys> Engine::source(const RemoteConfig& config) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sources_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<RemoteKeys>& known = sources_[config.identity];
  auto source = known.lock();
  if (source && !source->has_ended()) return source;
  source = std::make_shared<RemoteKeys>(io_, turns_, config, kept_files_);
  known = source;
  source->start();
  return source;
}

}  // namespace postern::keys
