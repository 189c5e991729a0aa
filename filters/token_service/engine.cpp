#include "filters/token_service/engine.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "base/clock.hpp"
#include "filters/token_service/clients.hpp"
#include "filters/token_service/millis.hpp"
#include "filters/token_service/store_settings.hpp"

namespace postern::token_service {
namespace {

constexpr std::chrono::seconds sweep_every{5};
constexpr std::size_t sweep_most = 500;
// Logins that wait for their password's hash: some seconds' worth.
constexpr std::size_t hashing_queue = 64;
constexpr std::size_t signing_queue = 1024;

state::KeySchedule schedule_of(const conf::TokenService& settings) {
  state::KeySchedule schedule;
  schedule.alg = settings.signing_keys.algorithm;
  schedule.rotate_every = settings.signing_keys.rotate_every.count();
  schedule.publish_ahead = settings.signing_keys.publish_ahead.count();
  schedule.verify_after = (settings.access_lifetime + settings.leeway).count();
  return schedule;
}

}  // namespace

Engine::Engine()
    : work_(io_.get_executor()), sweeping_(io_.get_executor()), thread_([this] { io_.run(); }) {
  boost::asio::post(io_, [this] { sweep_later(); });
}

Engine::~Engine() {
  stop();
}

void Engine::stop() {
  for (const auto& shared : all_shared()) {
    shared->hashing->stop();
    shared->signing->stop();
    shared->store->close();
  }
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
  if (shared_now == nullptr || accounts == nullptr || problems.any()) return nullptr;
  shared_now->keys->adopt(schedule_of(settings), settings.issuer);
  shared_now->revocations->set_patience(settings.revocation_patience.count());
  return std::make_shared<const Service>(std::move(shared_now), settings, std::move(accounts),
                                         std::move(clients));
}

std::shared_ptr<Shared> Engine::shared(const conf::TokenService& settings, conf::Problems& problems) {
  const auto store_settings = read_store_settings(settings, problems);
  if (!store_settings) return nullptr;
  const std::lock_guard lock(mutex_);
  std::weak_ptr<Shared>& known = by_store_[store_settings->identity];
  if (auto shared = known.lock()) return shared;
  auto store = open_store(*store_settings, problems);
  if (store == nullptr) return nullptr;
  auto shared = std::make_shared<Shared>();
  shared->revocations = Revocations::follow(*store);
  shared->store = hold(std::move(store));
  shared->keys = std::make_shared<SigningKeys>(io_, shared->store, shared->revocations, schedule_of(settings),
                                               store_settings->encryption_secret);
  shared->hashing = std::make_shared<Crew>(settings.hashing_threads, hashing_queue);
  shared->signing = std::make_shared<Crew>(1, signing_queue);
  shared->keys->start();
  known = shared;
  return shared;
}

// A store ends when its last snapshot does, which a worker drops; it waits for its calls then, and no worker may.
std::shared_ptr<StoreHolder> Engine::hold(std::shared_ptr<state::Store> store) {
  return {new StoreHolder(std::move(store)), [this](StoreHolder* holder) {
            boost::asio::post(io_, [last = std::unique_ptr<StoreHolder>(holder)] {});
          }};
}

void Engine::sweep_later() {
  sweeping_.expires_after(sweep_every);
  sweeping_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    for (const auto& shared : all_shared()) sweep(shared);
    sweep_later();
  });
}

// In pieces, so that other calls come in between; goes on at once while there is more.
void Engine::sweep(const std::shared_ptr<Shared>& shared) {
  const auto store = shared->store->get();
  if (store == nullptr) return;
  const auto go_on = [this, weak = std::weak_ptr(shared)](const tl::expected<std::size_t, state::StoreError>& swept) {
    if (!swept || *swept < sweep_most) return;
    boost::asio::post(io_, [this, weak] {
      if (const auto again = weak.lock()) sweep(again);
    });
  };
  store->sweep(to_millis(unix_now()), sweep_most, go_on);
}

}  // namespace postern::token_service
