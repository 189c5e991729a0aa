// The calls of a store over one connection that is kept: pipelined, each with a deadline, over reconnections.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "gateway/side_task.hpp"
#include "state/redis/connector.hpp"
#include "state/redis/scripts.hpp"

namespace postern::state::redis {

// On one thread, that of the executor.
class Caller {
 public:
  // `options` and `resolver` must outlive it.
  Caller(Executor executor, const RedisOptions& options, Resolver& resolver);

  // Connects; and again whenever the connection is lost.
  void start();

  // `done` is called once, within the timeout of the options, with the reply or why there is none. A call whose answer
  // was lost with the connection is sent again: it may have happened (Store's calls may be repeated). An error reply
  // that says that another server should be asked is obeyed once; one that names the server (MOVED) each time. A
  // success of what must not be lost is one when `wait_replicas` of the options have it, too. What writes is told its
  // deadline: once it has failed for its time it does not begin any more.
  void call(Script script, Words command, Done<Reply> done);

  // No call comes any more but of what `done` calls; when all are answered nothing of this runs.
  void end();

 private:
  struct Call {
    Words command;
    Done<Reply> done;
    std::chrono::steady_clock::time_point deadline;
    bool writes = false;           // the last word of the command is the deadline by the server's clock
    bool waits = false;            // WAIT follows
    std::optional<Reply> written;  // what came before the reply to WAIT
    bool sent_elsewhere = false;
  };

  using Calls = std::list<Call>;  // whose elements change lists without memory

  Task<void> keep_connected();
  Task<void> use_connection(unsigned& failures);
  Task<MaybeError> read_replies(Connection& connection);
  Task<void> write_calls();
  void write_soon();
  std::string bytes_of(Call& call, const Connection& connection) const;
  MaybeError settle(Reply reply);
  void finish(tl::expected<Reply, StoreError> outcome);
  void send_again() noexcept;
  void watch_deadlines();
  void fail_expired(std::chrono::steady_clock::time_point now);
  StoreError why_unanswered() const noexcept;
  bool is_over() const noexcept { return ending_ && waiting_.empty() && sent_.empty(); }
  void stop_if_over();

  Executor executor_;
  const RedisOptions& options_;
  std::mt19937 random_{std::random_device{}()};
  Calls waiting_, sent_;  // by their deadlines
  Connector connector_;
  std::shared_ptr<Connection> connection_;  // the last one that was made
  MaybeError last_error_;                   // why there is no connection
  SteadyTimer pause_, deadline_;
  SideTask writing_;
  bool is_connected_ = false, is_watching_ = false, ending_ = false;
};

}  // namespace postern::state::redis
