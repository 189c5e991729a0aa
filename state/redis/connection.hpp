// One connection to Redis: bytes of commands out, replies in. On one thread.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/transport.hpp"
#include "state/redis/error_reply.hpp"
#include "state/redis/greeting.hpp"
#include "state/redis/redis_options.hpp"
#include "state/redis/resolver.hpp"
#include "state/redis/resp.hpp"

namespace postern::state::redis {


class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `options` and `resolver` must outlive it.
  Connection(Executor executor, const RedisOptions& options, Resolver& resolver);

  // Connects to the host, which is resolved each time, and greets, in the time of the options. `steps` must live until
  // it returns.
  Task<MaybeError> open(conf::RedisAddress address, const std::vector<GreetingStep>& steps);

  Task<MaybeError> write(std::string_view commands);
  Task<tl::expected<Reply, StoreError>> read();

  // From then on shut(), unless it is said anew; `max()`: never.
  void shut_at(std::chrono::steady_clock::time_point deadline);
  // Ends what is suspended in it, and everything that is begun later.
  void shut() noexcept;
  bool is_shut() const noexcept { return shut_; }

  const conf::RedisAddress& address() const noexcept { return address_; }  // that was opened
  // The server's `maxmemory-policy` where the greeting asked for it and it may evict what is kept; else empty.
  const std::string& eviction() const noexcept { return eviction_; }
  // What the server's clock says at that instant, by what it told in the greeting of a connection for scripts.
  Millis server_time(std::chrono::steady_clock::time_point instant) const noexcept { return clock_.at(instant); }

 private:
  Task<MaybeError> look_up(Addresses& addresses);
  Task<MaybeError> connect(const Addresses& addresses);
  Task<MaybeError> greet(const std::vector<GreetingStep>& steps);
  StoreError unreachable(const std::string& why) const;

  const RedisOptions& options_;
  Resolver& resolver_;
  conf::RedisAddress address_;
  std::string eviction_;
  ServerClock clock_;
  ClientTls::Session session_;  // outlives the transport
  Transport transport_;
  SteadyTimer timer_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  bool shut_ = false;
  ReplyReader replies_;
  std::array<char, 16 * 1024> place_;
};

}  // namespace postern::state::redis
