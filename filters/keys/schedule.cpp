#include "filters/keys/schedule.hpp"

#include <algorithm>

namespace postern::keys {

ScheduleLimits strictest(const ScheduleLimits& a, const ScheduleLimits& b) {
  return {.min_refresh = std::min(a.min_refresh, b.min_refresh),
          .max_refresh = std::min(a.max_refresh, b.max_refresh),
          .max_stale = std::min(a.max_stale, b.max_stale),
          .unknown_kid_cooldown = std::min(a.unknown_kid_cooldown, b.unknown_kid_cooldown),
          .backoff_min = std::min(a.backoff_min, b.backoff_min),
          .backoff_max = std::min(a.backoff_max, b.backoff_max)};
}

Schedule::Schedule(const ScheduleLimits& limits, Instant now)
    : limits_(limits), began_at_(now), due_(now), refilled_at_(now) {}

void Schedule::began(Instant now) {
  in_flight_ = true;
  began_at_ = now;
}

void Schedule::succeeded(Instant now, std::optional<milliseconds> fresh_for) {
  success_ = Success{began_at_, now, fresh_for};
  last_good_ = now;
  in_flight_ = false;
  backoff_ = milliseconds(0);
  due_ = due_after(*success_);
}

// What was fetched may have been true when the fetch began and no longer when it ended, so the begin counts. A provider
// that takes longer to answer than the time between fetches is still left alone in between.
Instant Schedule::due_after(const Success& success) const noexcept {
  const milliseconds ahead = success.fresh_for ? *success.fresh_for / 10 * 9 : limits_.max_refresh;
  const milliseconds pause = std::max(std::min(ahead, limits_.max_refresh), limits_.min_refresh);
  return std::max(success.began_at + pause, success.ended_at + limits_.backoff_min / 2);
}

void Schedule::failed(Instant now, double random) {
  in_flight_ = false;
  // Held at the maximum, so that no number of failures overflows.
  backoff_ = backoff_ == milliseconds(0) ? limits_.backoff_min : backoff_ * 2;
  backoff_ = std::max(std::min(backoff_, limits_.backoff_max), milliseconds(1));
  const std::chrono::duration<double, std::milli> pause = backoff_ * (0.5 + random / 2);
  due_ = now + std::chrono::duration_cast<Instant::duration>(pause);
}

void Schedule::restored(Instant fetched_at) {
  last_good_ = std::max(last_good_.value_or(fetched_at), fetched_at);
}

void Schedule::change(const ScheduleLimits& limits) noexcept {
  limits_ = limits;
  const bool waits_regularly = success_ && backoff_ == milliseconds(0);
  if (waits_regularly) due_ = due_after(*success_);
}

Instant Schedule::due() const noexcept {
  return in_flight_ ? Instant::max() : due_;
}

std::optional<Instant> Schedule::usable_until() const noexcept {
  if (!last_good_) return std::nullopt;
  return *last_good_ + limits_.max_stale;
}

void Schedule::refill(Instant now) noexcept {
  const milliseconds cooldown = std::max(limits_.unknown_kid_cooldown, milliseconds(1));
  while (budget_ < unknown_kid_burst && now - refilled_at_ >= cooldown) {
    budget_ += 1;
    refilled_at_ += cooldown;
  }
  if (budget_ == unknown_kid_burst) refilled_at_ = now;
}

Schedule::Answer Schedule::ask_for_unknown_kid(Instant now) {
  if (in_flight_) return Answer::join;
  if (due_ <= now) return Answer::begin;
  if (backoff_ > milliseconds(0)) return Answer::refused;
  refill(now);
  if (budget_ == 0) return Answer::refused;
  budget_ -= 1;
  return Answer::begin;
}

Schedule::Answer Schedule::ask_for_any_keys(Instant now) const noexcept {
  if (in_flight_) return Answer::join;
  return due_ <= now ? Answer::begin : Answer::refused;
}

}  // namespace postern::keys
