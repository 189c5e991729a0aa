// The names of Redis servers as addresses. The system's resolver blocks and cannot be interrupted: a look-up has a
// thread of its own, which nobody waits for.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "gateway/transport.hpp"

namespace postern::state::redis {

using Addresses = std::vector<boost::asio::ip::address>;
using Resolved = tl::expected<Addresses, error_code>;
// Blocks; may be called on any thread, and after the store is gone.
using Resolve = std::function<Resolved(const std::string& host)>;

// getaddrinfo().
Resolved resolve_by_system(const std::string& host);

// On one thread, that of the executor. One look-up at a time: while names are resolved slowly, or not at all, attempts
// to connect gather no threads.
class Resolver {
 public:
  using Executor = boost::asio::io_context::executor_type;
  Resolver(Executor executor, Resolve resolve);
  // Returns at once; a look-up under way ends by itself. Nothing may run on the executor any more.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // The host's addresses. A look-up under way is waited for first: of the same host its outcome is taken. Gives
  // `operation_aborted` once `given_up`, which must outlive the call, is true: whoever sets it calls wake().
  Task<Resolved> resolve(const std::string& host, const bool& given_up);
  void wake();

 private:
  struct LookUp;
  struct Home;
  std::shared_ptr<LookUp> begin(const std::string& host);
  void end(Resolved outcome);

  const Executor executor_;
  const Resolve resolve_;
  const std::shared_ptr<Home> home_;
  std::shared_ptr<LookUp> under_way_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    Executor>
      changed_;  // never expires: it is cancelled
};

}  // namespace postern::state::redis
