// The addresses of Redis servers, one look-up at a time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "gateway/name_lookups.hpp"
#include "gateway/transport.hpp"

namespace postern::state::redis {

// On one thread, that of the executor. One look-up at a time: while names are resolved slowly, or not at all, attempts
// to connect gather no threads.
class Resolver {
 public:
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
  std::shared_ptr<LookUp> begin(const std::string& host);
  void end(const Resolved& outcome);

  NameLookups lookups_;
  std::shared_ptr<LookUp> under_way_;
  SteadyTimer changed_;  // never expires: it is cancelled
};

}  // namespace postern::state::redis
