#include "state/believed_time.hpp"

namespace postern::state {

Believed BelievedTime::at(Millis wall, Millis steady) noexcept {
  if (!first_) first_ = steady;
  const Millis now = now_at(wall, steady);
  return {now, steady - *first_ < until_believed ? 0 : now};
}

Millis BelievedTime::now_at(Millis wall, Millis steady) noexcept {
  const Millis offset = wall - steady;
  if (!offset_ || offset <= *offset_ + slack) {
    offset_ = offset;
    ahead_.reset();
    return wall;
  }
  // Further ahead than before, or less, it is another time, and waits anew.
  const bool is_another = !ahead_ || offset > ahead_->offset + slack || offset < ahead_->offset - slack;
  if (is_another) ahead_ = Ahead{offset, steady};
  if (steady - ahead_->since < until_believed) return steady + *offset_;
  offset_ = offset;
  ahead_.reset();
  return wall;
}

}  // namespace postern::state
