#include "state/redis/connector.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "state/redis/sentinel.hpp"

namespace postern::state::redis {

Connector::Connector(Executor executor, const RedisOptions& options, Resolver& resolver)
    : executor_(executor), options_(options), resolver_(resolver) {}

Task<tl::expected<std::shared_ptr<Connection>, StoreError>> Connector::connect(ForScripts for_scripts) {
  interrupted_ = false;
  auto address = co_await choose();
  if (!address) co_return tl::unexpected(std::move(address.error()));
  const std::vector<GreetingStep> steps = greeting(options_, for_scripts);
  MaybeError failed = co_await open(std::move(*address), steps);
  if (failed) {
    ++turn_;
    co_return tl::unexpected(std::move(*failed));
  }
  warn_of_eviction();
  co_return latest_;
}

bool Connector::heed(std::string_view error_reply) {
  moved_ = parse_moved(error_reply);
  if (moved_ && moved_->host.empty()) moved_->host = latest_->address().host;
  return moved_.has_value();
}

void Connector::interrupt() noexcept {
  interrupted_ = true;
  if (latest_) latest_->shut();
}

Task<tl::expected<conf::RedisAddress, StoreError>> Connector::choose() {
  if (moved_) co_return *std::exchange(moved_, std::nullopt);
  if (!options_.nodes.empty()) co_return options_.nodes[turn_ % options_.nodes.size()];
  if (!options_.sentinels) co_return conf::RedisAddress{options_.url.host, options_.url.port};
  const auto& sentinels = options_.sentinels->addresses;
  StoreError error;
  for (std::size_t asked = 0; asked < sentinels.size(); ++asked) {
    auto master = co_await ask_sentinel(sentinels[turn_ % sentinels.size()]);
    if (master) co_return master;
    error = std::move(master.error());
    ++turn_;
  }
  co_return tl::unexpected(std::move(error));
}

Task<tl::expected<conf::RedisAddress, StoreError>> Connector::ask_sentinel(const conf::RedisAddress& sentinel) {
  const std::vector<GreetingStep> steps = sentinel_greeting(*options_.sentinels);
  const std::string& name = options_.sentinels->master_name;
  MaybeError failed = co_await open(sentinel, steps);
  if (failed) co_return tl::unexpected(std::move(*failed));
  latest_->shut_at(std::chrono::steady_clock::now() + options_.timeout);
  failed = co_await latest_->write(format_command(ask_for_master(name)));
  if (failed) co_return tl::unexpected(std::move(*failed));
  auto reply = co_await latest_->read();
  latest_->shut();
  if (!reply) co_return tl::unexpected(std::move(reply.error()));
  co_return read_master(*reply, name);
}

Task<MaybeError> Connector::open(conf::RedisAddress address, const std::vector<GreetingStep>& steps) {
  if (interrupted_) co_return StoreError{StoreError::Kind::unreachable, "the store is being closed"};
  latest_ = std::make_shared<Connection>(executor_, options_, resolver_);
  MaybeError failed = co_await latest_->open(std::move(address), steps);
  if (failed) latest_->shut();
  co_return failed;
}

// Once for each policy: a connection may be lost often.
void Connector::warn_of_eviction() {
  if (latest_->eviction() == warned_of_) return;
  warned_of_ = latest_->eviction();
  if (warned_of_.empty()) return;
  spdlog::warn(
      "token_service: Redis at {} port {} may evict sessions and revocations: its maxmemory-policy is {}, not "
      "noeviction",
      latest_->address().host, latest_->address().port, warned_of_);
}

}  // namespace postern::state::redis
