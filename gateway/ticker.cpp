#include "gateway/ticker.hpp"

namespace postern {

void Ticker::add(Ticking& ticking) {
  list_.push_back(ticking);
  if (!armed_) {
    now_ = std::chrono::steady_clock::now();
    arm();
  }
}

void Ticker::arm() {
  armed_ = true;
  timer_.expires_after(period);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void Ticker::tick() {
  now_ = std::chrono::steady_clock::now();
  for (auto next = list_.begin(); next != list_.end();) (next++)->on_tick(now_);  // it may leave the list
  if (after_) after_(now_);
  // An idle process sleeps: the tick ends with the last one listed and begins again with the next.
  armed_ = false;
  if (!list_.empty()) arm();
}

}  // namespace postern
