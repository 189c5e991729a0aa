// When keys are fetched, and how long they may be used. Pure: a state machine over instants that the caller passes in,
// for one source of keys.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace postern::keys {

using Instant = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

struct ScheduleLimits {
  milliseconds min_refresh{60'000};    // a response may not ask for more fetches than this
  milliseconds max_refresh{900'000};   // nor for fewer; also when it says nothing
  milliseconds max_stale{86'400'000};  // since the last good fetch
  milliseconds unknown_kid_cooldown{
      30'000};                      // between fetches for an unknown kid, beyond a burst of `unknown_kid_burst`
  milliseconds backoff_min{1'000};  // after a first failure
  milliseconds backoff_max{30'000};
};

inline constexpr unsigned unknown_kid_burst = 2;

// Of those who share a source: keys as fresh as the strictest of them wants.
ScheduleLimits strictest(const ScheduleLimits& a, const ScheduleLimits& b);

class Schedule {
 public:
  Schedule(const ScheduleLimits& limits, Instant now);  // the first fetch is due at once

  // ---- what happened
  void began(Instant now);
  // `fresh_for` is what the response says of itself. The next fetch is due ahead of that end, after nine tenths of it,
  // held between the two bounds; after max_refresh when it says nothing. Counted from the begin of this fetch, but not
  // within backoff_min / 2 of its end. Ends any back-off.
  void succeeded(Instant now, std::optional<milliseconds> fresh_for);
  // The next try is due after a back-off that doubles with each failure in a row, from backoff_min to backoff_max,
  // times 0.5 to 1.0 by `random` in [0, 1).
  void failed(Instant now, double random);
  // Keys that were kept from an earlier process, fetched then. The first fetch stays due at once.
  void restored(Instant fetched_at);
  // Other limits from now on: for the next regular fetch too, as if its predecessor had known them; a back-off that has
  // begun ends as it would have.
  void change(const ScheduleLimits& limits) noexcept;

  // ---- what to do
  bool in_flight() const noexcept { return in_flight_; }
  // When the next fetch begins by itself; Instant::max() while one is in flight.
  Instant due() const noexcept;
  // The keys of the last good fetch may be used before this; nothing when there never was one.
  std::optional<Instant> usable_until() const noexcept;

  enum class Answer : std::uint8_t {
    begin,    // the caller fetches now, and tells began() before anybody else asks
    join,     // a fetch is in flight; its end is worth waiting for
    refused,  // not before due(), or not before the cooldown has passed
  };
  // A request brought a kid that the keys do not have. A burst of two may begin fetches, then one for each cooldown,
  // whatever the kids are; none while a back-off lasts. `begin` takes one from that budget, unless a fetch is due
  // anyway: then whoever comes first begins it.
  Answer ask_for_unknown_kid(Instant now);
  // A request needs keys and none can be used. Never begins a fetch before it is due, so that the number of requests
  // does not matter.
  Answer ask_for_any_keys(Instant now) const noexcept;

 private:
  struct Success {
    Instant began_at, ended_at;
    std::optional<milliseconds> fresh_for;
  };
  Instant due_after(const Success& success) const noexcept;
  void refill(Instant now) noexcept;

  ScheduleLimits limits_;
  bool in_flight_ = false;
  Instant began_at_;
  Instant due_;                     // while none is in flight
  milliseconds backoff_{0};         // before the jitter; 0: the last fetch did not fail
  std::optional<Success> success_;  // of this process
  std::optional<Instant> last_good_;

  unsigned budget_ = unknown_kid_burst;
  Instant refilled_at_;  // while the budget is not full
};

}  // namespace postern::keys
