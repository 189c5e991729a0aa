// The rules of refreshing, all of them. Pure: records and `now` in, a decision out.
//
// They are asked in two steps: judge_rotation() inside the store's transaction, and decide_refresh(), the matrix,
// around it. Redis says the former in Lua; the store suite compares both.
#pragma once

#include <cstdint>
#include <optional>

#include "base/reason.hpp"
#include "state/session.hpp"

namespace postern::state {

// What the presented refresh token is, told by the store.
enum class Presented : std::uint8_t {
  absent,        // none was sent
  unknown,       // malformed, never issued, or forgotten since
  current,       // unused and not expired
  within_grace,  // used, and its successor is there: a parallel request, or a reply that was lost
  reused,        // used longer ago: two parties have it
  expired,       // unused or used, and its own time is over
  family_ended,  // logout, revocation, earlier reuse
  family_over,   // the absolute limit has passed
  other_client,  // bound to another client
  too_often,     // as `current`, but not to be used yet: the family has as many used ones as it may have
};

struct RotationFacts {
  const Family* family = nullptr;       // null: unknown
  const RefreshToken* token = nullptr;  // null: the family never had it, or forgot it
  bool client_matches = true;
  // The family's token of the hash that the call proposes as the successor of a used one; nobody else could propose it.
  const RefreshToken* proposed = nullptr;
  // When the first of the family's used tokens was used, where it has as many as it may have.
  std::optional<Millis> first_use = std::nullopt;
};

// A token is judged as it was when it was presented: what happened to it since then, while its request was under way,
// shows no theft. `presented_at` is `now`, or earlier where the rotation was put off.
//
// In this order, the first that holds: unknown, other_client, family_ended, family_over, expired, too_often, current,
// reused, within_grace. A used token is still `current` while the proposed successor is: it was this call that used it,
// and its answer was lost. That uses nothing more, and is never too often. A token used at `u` is reused when it was
// presented at u + grace or later. A used token that has expired is `expired`, not `reused`: nobody can gain by it. A
// used token whose successor nobody can get any more (evicted, now >= u + grace, or now < u - most_ahead) is `unknown`:
// no theft is shown by it. By a clock that was set back nobody can say whether the grace is over. To end the session
// would hurt the user whose answer was lost; as it is, who has the successor goes on, and a thief gets nothing.
Presented judge_rotation(const RotationFacts& facts, Millis presented_at, Millis now, Millis grace) noexcept;

// For a new token after the last one has expired (`reissue`): the same, but an expired token is `current` if it was
// never used, or by this call, and `within_grace` for as long as its successor is there. Otherwise it is `expired`.
Presented judge_reissue(const RotationFacts& facts, Millis presented_at, Millis now, Millis grace) noexcept;

// So far the clock may be ahead by which a token was used: twice what those of gateways may differ by (`leeway`, 5 s
// unless set). A token that was used later than that was used before the clock was set back, which would prolong its
// grace by as much.
inline constexpr Millis most_ahead = 10'000;

// From when on a family with that first_use may use another token: its first used one is forgotten then.
Millis first_forgotten(Millis first_use) noexcept;

// When the successor of a token expires: `now + lifetime`, at most the family's end (sliding up to the absolute limit).
Millis successor_expiry(const Family& family, Millis now, Millis lifetime) noexcept;

// The access token that came along, judged before the store is asked. One that verify() refuses for anything but its
// age is none of these: the request is refused with that reason.
enum class Access : std::uint8_t {
  absent,
  valid,
  expired,  // everything else about it holds
  foreign,  // another family's `sid`, or none
  revoked,
};

enum class Asked : std::uint8_t { renewal, post };  // inline for a browser, or a POST for new tokens

struct RefreshPolicy {
  bool renew_expired_refresh = false;  // a valid access token alone may get a new refresh token
};

enum class RefreshAct : std::uint8_t {
  nothing,     // inline renewal of what is still valid
  rotate,      // new access token and the token's one successor
  replay,      // new access token and the family's current one, which exists already
  reissue,     // new access token and a new current refresh token in the same family
  refuse,      // with `reason`
  end_family,  // refuse with `reason`, and revoke the family
};

struct RefreshDecision {
  RefreshAct act = RefreshAct::refuse;
  Reason reason = Reason::accepted;  // of a refusal
  bool operator==(const RefreshDecision&) const = default;
};

// What is decided without the store: the access token says it already, or no refresh token was sent. Nothing: ask the
// store.
std::optional<RefreshDecision> decide_before_store(Access access, bool refresh_token_sent, Asked asked) noexcept;

// The whole matrix, decide_before_store() included. What is presented counts for more than the access token that comes
// along with it: that one matters for `reissue` alone, and where it refuses.
RefreshDecision decide_refresh(Access access, Presented presented, Asked asked, const RefreshPolicy& policy) noexcept;

}  // namespace postern::state
