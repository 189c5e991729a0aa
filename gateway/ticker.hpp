// One coarse tick for all deadlines of a worker, instead of a timer for each operation: a list of those who have a
// deadline, walked ten times a second.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <functional>

#include "gateway/executor.hpp"

namespace postern {

using SteadyTime = std::chrono::steady_clock::time_point;
inline constexpr SteadyTime never = SteadyTime::max();

// Something that wants to look at the time. on_tick() may cancel I/O and leave
// the list; it must not destroy any other Ticking.
class Ticking : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  virtual void on_tick(SteadyTime now) = 0;

 protected:
  ~Ticking() = default;
};

class Ticker {
 public:
  static constexpr std::chrono::milliseconds period{100};

  explicit Ticker(boost::asio::io_context& io) : timer_(io.get_executor()) {}

  // Called after each round of ticks, and when the last Ticking has gone (to flush what must not wait).
  void set_after_tick(std::function<void(SteadyTime)> after) { after_ = std::move(after); }

  void add(Ticking& ticking);  // it leaves by being destroyed
  void tick();  // before its time

  // The time of the last tick: at most one period old while anything is listed.
  SteadyTime now() const noexcept { return now_; }

 private:
  void arm();

  SteadyTimer timer_;
  boost::intrusive::list<Ticking, boost::intrusive::constant_time_size<false>> list_;
  std::function<void(SteadyTime)> after_;
  SteadyTime now_ = std::chrono::steady_clock::now();
  bool armed_ = false;
};

}  // namespace postern
