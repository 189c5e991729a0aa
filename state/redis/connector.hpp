// Which server a store's connections go to: that of the URL, the master that Sentinel names, or the node of a cluster
// that has the keys.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "state/redis/connection.hpp"

namespace postern::state::redis {

// On one thread, that of the executor. One connection at a time.
class Connector {
 public:
  // `options` and `resolver` must outlive it.
  Connector(Executor executor, const RedisOptions& options, Resolver& resolver);

  // A new connection, greeted. Sentinel is asked anew each time; a server, or a Sentinel, that failed is followed by
  // the next of its list.
  Task<tl::expected<std::shared_ptr<Connection>, StoreError>> connect(ForScripts for_scripts);

  // Whether the error reply, of the latest connection, names the node of the cluster that has the keys (MOVED). The
  // next connection goes there.
  bool heed(std::string_view error_reply);
  bool is_redirected() const noexcept { return moved_.has_value(); }

  // Ends the latest connection and the connect() that is under way.
  void interrupt() noexcept;

 private:
  Task<tl::expected<conf::RedisAddress, StoreError>> choose();
  Task<tl::expected<conf::RedisAddress, StoreError>> ask_sentinel(const conf::RedisAddress& sentinel);
  Task<MaybeError> open(conf::RedisAddress address, const std::vector<GreetingStep>& steps);
  void warn_of_eviction();

  Executor executor_;
  const RedisOptions& options_;
  Resolver& resolver_;
  std::shared_ptr<Connection> latest_;
  std::optional<conf::RedisAddress> moved_;
  std::size_t turn_ = 0;  // in the list of Sentinels or nodes
  std::string warned_of_;
  bool interrupted_ = false;
};

}  // namespace postern::state::redis
