#include "filters/keys/engine.hpp"

#include <chrono>

namespace postern::keys {

Engine::Engine(KeptFiles kept_files)
    : kept_files_(kept_files), work_(io_.get_executor()), thread_([this] { io_.run(); }) {}

Engine::~Engine() {
  stop();
}

void Engine::stop() {
  if (!thread_.joinable()) return;
  io_.stop();
  thread_.join();
  keeper_.finish(std::chrono::seconds(1));
}

std::shared_ptr<RemoteKeys> Engine::source(const RemoteConfig& config) {
  const std::lock_guard lock(mutex_);
  for (Sources* const each : {&sources_, &in_effect_}) {
    std::erase_if(*each, [](const auto& entry) { return entry.second.expired(); });
  }
  std::weak_ptr<RemoteKeys>& known = sources_[config.identity];
  auto source = known.lock();
  if (source && !source->has_ended()) return source;
  KeyKeeper* const keeper = kept_files_ == KeptFiles::read_and_written ? &keeper_ : nullptr;
  source = std::make_shared<RemoteKeys>(io_, turns_, keeper, config);
  known = source;
  const auto before = in_effect_.find(config.name);
  const auto predecessor = before == in_effect_.end() ? nullptr : before->second.lock();
  if (predecessor) source->inherit(*predecessor);
  source->start();
  return source;
}

void Engine::take_effect(const std::shared_ptr<RemoteKeys>& source, const RemoteConfig& config) {
  source->adopt(config);
  const std::lock_guard lock(mutex_);
  in_effect_[config.name] = source;
}

}  // namespace postern::keys
