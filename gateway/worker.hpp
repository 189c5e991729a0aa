// One worker: one thread with its own io_context, acceptors, upstream connections, buffers, caches and counters.
// Nothing of it is touched by another thread, but through post().
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <list>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "base/want_of_memory.hpp"
#include "gateway/access_log.hpp"
#include "gateway/buffer_pool.hpp"
#include "gateway/connection.hpp"
#include "gateway/drain.hpp"
#include "gateway/exchange.hpp"
#include "gateway/metrics.hpp"
#include "gateway/ticker.hpp"
#include "gateway/trim_policy.hpp"

namespace postern {

class Session;

class Worker {
 public:
  Worker(std::shared_ptr<const Snapshot> snapshot, AccessLog& access_log);
  ~Worker();

  // Called before run(), or through post(). Whole, or not at all where there is no memory.
  void listen(const std::shared_ptr<Listening>& listening);
  void run();  // until stop()

  // From any thread, however scarce memory is: a copy of `action` runs on the worker's. Where it finds none it is run
  // again, until it does.
  template <class Action>
  void post(const Action& action) {
    insist([&] { boost::asio::post(io_, [this, own = action]() mutable { see_through(own); }); });
  }
  // On the worker's thread. Nobody else of the worker runs meanwhile, but what is kept for later requests goes.
  template <class Action>
  void see_through(Action&& action) {
    insist([&] {
      try {
        action();
      } catch (const std::bad_alloc&) {
        on_out_of_memory();
        throw;
      }
    });
  }
  void stop() { io_.stop(); }
  boost::asio::io_context& io() noexcept { return io_; }

  // On the worker's thread only, from here on.
  void swap(std::shared_ptr<const Snapshot> snapshot);
  void keep_listening_on(const std::vector<std::string>& addresses);  // the others are closed
  void set_listener(const std::string& address, std::shared_ptr<const ServerTls> tls, std::uint16_t https_port);
  // Accepts what is queued, then nothing more; sessions end with their request. `drained` is called once, when none is
  // left.
  void drain(std::function<void()> drained);
  bool draining() const noexcept { return drain_ != Drain::none; }
  // While it drains: the requests that are under way end now, each by a reset, and are recorded.
  void cut_off();
  bool is_cutting_off() const noexcept { return drain_ == Drain::over; }
  const Drain& drain_state() const noexcept { return drain_; }

  const std::shared_ptr<ActiveSnapshot>& active() const noexcept { return active_; }
  Ticker& ticker() noexcept { return ticker_; }
  WorkerMetrics& metrics() noexcept { return metrics_; }
  BufferPool& relay_buffers() noexcept { return relay_buffers_; }
  BufferPool& head_buffers() noexcept { return head_buffers_; }
  // `Date`: when a response is made (RFC 9110 section 6.6.1). Unix seconds.
  std::string_view http_date(double now);
  std::uint64_t random() { return random_(); }

  // An exchange on loan from the pool.
  struct ReturnExchange {
    Worker* worker;
    void operator()(Exchange* exchange) const noexcept;
  };
  using ExchangeLease = std::unique_ptr<Exchange, ReturnExchange>;
  ExchangeLease take_exchange();

  // When memory has run out: gives up the buffers, exchanges and frames that are kept for later requests, which may need it
  // in other sizes, and what was set aside, so that there is some to say so with. The next tick sets as much aside again,
  // if it can.
  void on_out_of_memory() noexcept;

  // Counts and logs an exchange that is over.
  void record(Exchange& exchange);

  // Starts a session, which owns the connection from here on. False when there is no memory for one: the connection is
  // closed.
  bool serve(Connection connection);

 private:
  Task<void> accept(std::shared_ptr<Listening> listening);
  void accept_queued(const std::shared_ptr<Listening>& listening);
  void check_drained();
  bool welcome(TcpSocket socket, const boost::asio::ip::tcp::endpoint& peer,
               const std::shared_ptr<Listening>& listening);
  Task<void> run_session(std::unique_ptr<Session> session);
  void flush_log();
  void free_unused_memory() noexcept;

  AccessLog& access_log_;
  WorkerMetrics metrics_;
  BufferPool head_buffers_;
  BufferPool relay_buffers_;
  std::vector<std::unique_ptr<Exchange>> free_exchanges_;
  std::unique_ptr<char[]> reserve_;
  std::string log_lines_;
  std::size_t log_count_ = 0;
  std::string http_date_;
  std::int64_t http_date_second_ = 0;
  std::mt19937_64 random_;
  TrimPolicy trim_policy_;       // of connections that are not parked
  TrimPolicy open_trim_policy_;  // of all: parked ones have memory, too, above all with TLS
  Drain drain_ = Drain::none;
  std::function<void()> drained_;
  // Destroyed from here on down first, while what coroutine frames give back to is still there.
  // One thread uses its sockets; other threads post to it.
  boost::asio::io_context io_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  boost::asio::executor_work_guard<Executor> work_;
  Ticker ticker_;
  ResolvedNames names_;
  std::list<std::shared_ptr<Listening>> listening_;
  std::shared_ptr<ActiveSnapshot> active_;
};

}  // namespace postern
