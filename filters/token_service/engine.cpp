#include "filters/token_service/engine.hpp"

#include <utility>

#include "base/want_of_memory.hpp"
#include "filters/token_service/clients.hpp"
#include "filters/token_service/store_settings.hpp"

namespace postern::token_service {
namespace {

// Logins that wait for their password's hash: some seconds' worth.
constexpr std::size_t hashing_queue = 64;
constexpr std::size_t signing_queue = 1024;

}  // namespace

Engine::Engine()
    : work_(io_.get_executor()),
      stores_(io_),
      // What finds no memory is given up: keys are looked at and stores are swept again, and who waits gives up by himself.
      thread_([this] { insist([this] { io_.run(); }); }) {}

Engine::~Engine() {
  stop();
}

void Engine::stop() {
  for (const auto& shared : all_shared()) {
    shared->hashing->stop();
    shared->signing->stop();
  }
  stores_.close();
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<std::shared_ptr<Shared>> Engine::all_shared() {
  const std::lock_guard lock(mutex_);
  std::erase_if(by_store_, [](const auto& entry) { return entry.second.expired(); });
  std::vector<std::shared_ptr<Shared>> all;
  for (const auto& [store, weak] : by_store_) {
    if (auto shared = weak.lock()) all.push_back(std::move(shared));
  }
  return all;
}

std::shared_ptr<const Service> Engine::service(const conf::Config& config, conf::Problems& problems) {
  if (!config.token_service) return nullptr;
  const conf::TokenService& settings = *config.token_service;
  auto shared_now = shared(settings, problems);
  AccountCrews crews;
  if (shared_now != nullptr) crews = {shared_now->hashing, shared_now->signing};
  auto accounts = open_accounts(settings, std::move(crews), problems);
  auto clients = load_clients(settings, problems);
  if (shared_now == nullptr || problems.any()) return nullptr;
  return std::make_shared<const Service>(std::move(shared_now), settings, std::move(accounts), std::move(clients));
}

FollowedStore Engine::revocations(const conf::Config& config, conf::Problems& problems) {
  if (!config.revocations) return {};
  const auto settings = read_store_settings(config.revocations->store, "revocations.store", problems);
  if (!settings) return {};
  return stores_.follow(*settings, problems);
}

std::shared_ptr<Shared> Engine::shared(const conf::TokenService& settings, conf::Problems& problems) {
  const auto store_settings = read_store_settings(settings.store, "token_service.store", problems);
  const auto encryption_secret = read_encryption_secret(settings.signing_keys, problems);
  if (!store_settings || !encryption_secret) return nullptr;
  const std::lock_guard lock(mutex_);
  std::weak_ptr<Shared>& known = by_store_[{store_settings->identity, sha256(encryption_secret->reveal())}];
  if (auto shared = known.lock()) return shared;
  FollowedStore followed = stores_.follow(*store_settings, problems);
  if (followed.store == nullptr) return nullptr;
  auto shared = std::make_shared<Shared>();
  static_cast<FollowedStore&>(*shared) = std::move(followed);
  shared->keys =
      std::make_shared<SigningKeys>(io_, shared->store, shared->revocations, schedule_of(settings), *encryption_secret);
  shared->hashing = std::make_shared<Crew>(settings.hashing_threads, hashing_queue);
  shared->signing = std::make_shared<Crew>(1, signing_queue);
  shared->keys->start();
  known = shared;
  return shared;
}

}  // namespace postern::token_service
