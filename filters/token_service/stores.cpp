#include "filters/token_service/stores.hpp"

#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "base/clock.hpp"
#include "base/want_of_memory.hpp"
#include "filters/token_service/millis.hpp"
#include "gateway/deliver.hpp"

namespace postern::token_service {
namespace {

constexpr std::size_t sweep_most = 500;

}  // namespace

Stores::Stores(boost::asio::io_context& io, std::chrono::milliseconds pause)
    : io_(io), pause_(pause), sweeping_(io.get_executor()) {
  boost::asio::post(io_, [this] { sweep_later(); });
}

FollowedStore Stores::follow(const StoreSettings& settings, conf::Problems& problems) {
  const std::lock_guard lock(mutex_);
  Open& known = by_identity_[settings.identity];
  if (auto store = known.store.lock()) return {std::move(store), known.revocations.lock()};
  auto store = open_store(settings, problems);
  if (store == nullptr) return {};
  FollowedStore followed;
  followed.revocations = Revocations::follow(*store);
  followed.store = hold(std::move(store));
  known = {followed.store, followed.revocations};
  return followed;
}

void Stores::close() {
  for (const auto& holder : all()) holder->close();
}

std::vector<std::shared_ptr<StoreHolder>> Stores::all() {
  const std::lock_guard lock(mutex_);
  std::erase_if(by_identity_, [](const auto& entry) { return entry.second.store.expired(); });
  std::vector<std::shared_ptr<StoreHolder>> all;
  for (const auto& [identity, open] : by_identity_) {
    if (auto holder = open.store.lock()) all.push_back(std::move(holder));
  }
  return all;
}

// A store ends when its last snapshot does, which a worker drops; it waits for its calls then, and no worker may.
std::shared_ptr<StoreHolder> Stores::hold(std::shared_ptr<state::Store> store) {
  return {new StoreHolder(std::move(store)), [&io = io_](StoreHolder* holder) {
            deliver(io.get_executor(), std::unique_ptr<StoreHolder>(holder), [](std::unique_ptr<StoreHolder>) {});
          }};
}

// A turn that finds no memory is left; the next one comes all the same.
void Stores::sweep_later() {
  sweeping_.expires_after(pause_);
  insist([this] {
    sweeping_.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      sweep_later();
      for (const auto& holder : all()) sweep(holder);
    });
  });
}

// In pieces, so that other calls come in between; goes on at once while there is more.
void Stores::sweep(const std::shared_ptr<StoreHolder>& holder) {
  const auto store = holder->get();
  if (store == nullptr) return;
  const auto go_on = [this, weak = std::weak_ptr(holder)](const tl::expected<std::size_t, state::StoreError>& swept) {
    if (!swept || *swept < sweep_most) return;
    boost::asio::post(io_, [this, weak] {
      if (const auto again = weak.lock()) sweep(again);
    });
  };
  store->sweep(believed_.at(unix_milliseconds(), to_millis(std::chrono::steady_clock::now())), sweep_most, go_on);
}

}  // namespace postern::token_service
