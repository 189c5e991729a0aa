// A connection between two requests that has been quiet for a while: a socket, a deadline, and nothing else. No
// coroutine, no buffer, no session.
#pragma once

#include <memory>

#include "gateway/connection.hpp"
#include "gateway/ticker.hpp"

namespace postern {

class Worker;

class Parked final : public Ticking {
 public:
  Parked(Worker& worker, Connection connection);

  // Until something can be read: then the worker serves the connection again. Past `quiet_until`, and when the worker
  // drains, the connection is closed instead. Owns itself in the meantime.
  static void wait(std::unique_ptr<Parked> parked);

 private:
  void on_tick(SteadyTime now) override;

  Worker& worker_;
  Connection connection_;
  Counted counted_;
};

}  // namespace postern
