// Follows the revocations of a Redis store over a connection of its own: all of them at the beginning of each
// connection, then what is new as it comes. A replica is not followed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "state/redis/calls.hpp"
#include "state/redis/connector.hpp"
#include "state/redis/own_revocations.hpp"

namespace postern::state::redis {

// On one thread, that of the executor.
class Feed {
 public:
  // How long Redis holds an answer back while nothing is new.
  static constexpr std::chrono::milliseconds wait{500};

  using Revoke = std::function<void(Revocation revocation)>;
  // `own`: what was revoked by this process. What the server does not know of it is revoked again by `revoke`.
  // `options`, `resolver` and `own` must outlive it.
  Feed(Executor executor, const RedisOptions& options, Resolver& resolver, Follower follower, OwnRevocations& own,
       Revoke revoke);

  void start();
  // Nothing of the follower is called any more.
  void end();

 private:
  Task<void> keep_following();
  Task<void> follow_connection(unsigned& failures);
  Task<MaybeError> follow();
  Task<MaybeError> load();
  Task<MaybeError> look();
  Task<tl::expected<std::vector<Reply>, StoreError>> ask(std::vector<Words> commands,
                                                         std::chrono::milliseconds patience);
  std::vector<Words> ask_for_state();
  MaybeError take_new(const Reply& reply, const FeedState& state, Millis asked_at);

  Executor executor_;
  const RedisOptions& options_;
  const Follower follower_;
  OwnRevocations& own_;
  const Revoke revoke_;
  const std::string stream_, sequence_, generation_;  // keys
  std::mt19937 random_{std::random_device{}()};
  Connector connector_;
  std::shared_ptr<Connection> connection_;  // the last one that was made
  std::optional<FeedState> known_;          // of what the follower was told; none: all are to be loaded
  SteadyTimer pause_;
  bool ending_ = false;
};

}  // namespace postern::state::redis
