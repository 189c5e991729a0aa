// What must outlive a process or be shared by replicas: sessions, revocations, signing keys, counted attempts. One
// interface for SQLite and Redis; tests/store runs the same suite against both.
//
// Every call returns at once; `done` is called exactly once, later, on a thread of the store's own, with the outcome or
// with why there is none. Only a call beyond the queue's limit is refused on the caller's thread, because a list of
// those to refuse later would have no limit. A success is durable as far as the store promises it (SQLite: on disk;
// Redis: as its `appendfsync` and `wait_replicas` say). StoreError never means "not done": the call may have happened.
// Every call may therefore be repeated with the same arguments; attempts are then counted twice.
#pragma once

#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "state/believed_time.hpp"
#include "state/refresh_rules.hpp"
#include "state/revocation.hpp"
#include "state/session.hpp"
#include "state/signing_key_record.hpp"

namespace postern::state {

// For the log; to a client it is always store_unavailable (503).
struct StoreError {
  enum class Kind : std::uint8_t {
    unreachable,  // no connection, no file, timed out
    read_only,    // READONLY, SQLITE_READONLY, SQLITE_FULL, OOM, MISCONF, NOREPLICAS
    refused,      // NOAUTH, WRONGPASS, NOPERM
    busy,         // the queue is full, SQLITE_BUSY, SQLITE_NOMEM, BUSY, LOADING, TRYAGAIN, CLUSTERDOWN
    damaged,      // an answer or a row that makes no sense
  };
  Kind kind = Kind::unreachable;
  std::string detail;
};
inline StoreError out_of_memory() noexcept {
  return {StoreError::Kind::unreachable, "out of memory"};  // so short a text needs none
}
// Or out_of_memory(), where there is none for its text.
inline StoreError copy_of(const StoreError& error) noexcept {
  try {
    return error;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

template <class T>
using Done = std::function<void(tl::expected<T, StoreError>)>;
struct Nothing {};

struct Begun {
  // The subject's or its issuer's own revocation: an `iat` before that would be revoked at birth. The end of one
  // without `before`.
  std::optional<Millis> issued_before;
};

struct Rotation {
  enum class Kind : std::uint8_t {
    rotate,
    reissue,  // a new current token for a family whose last one has expired: by judge_reissue()
    look,     // as `rotate`, but a current token stays so, unused: it is to be rotated later
  };
  Kind kind = Kind::rotate;
  std::string sid;
  TokenHash presented{};
  std::string client;
  TokenHash successor{};
  SealedSuccessor sealed;   // opens_until = now + grace
  Millis lifetime = 0;      // of the successor, bounded by the family's end
  Millis presented_at = 0;  // at most `now`
  Millis now = 0;
  Millis grace = 0;
  Millis revoke_until = 0;                   // of the session's revocation, should this be reuse
  std::size_t most_used = most_used_tokens;  // of the family; at least 1
};

struct Rotated {
  Presented presented = Presented::unknown;  // current: the successor is the given one
  std::optional<Family> family;              // where it is known
  std::optional<SealedSuccessor> existing;   // within_grace
  Millis expires = 0;  // of the family's then current token, for `current` and `within_grace`; of `look`, if it rotated
  Millis wait = 0;     // too_often: until the token can be used
};

struct FoundSession {
  Presented presented = Presented::unknown;
  std::optional<Family> family;
  Millis expires = 0;  // of the presented token, where it is known
};

// A counter of a window: `name` is a hash, never the user's name or address.
struct Attempt {
  std::string name;
  std::uint32_t limit = 0;  // at least 1
  Millis window = 0;        // begins with the first attempt that is counted
  bool forgiven = false;    // whether a success forgets all that was counted, not itself alone
};

struct SequencedRevocation {
  std::uint64_t sequence = 0;
  Revocation revocation;
};

// Called on the store's thread. `complete` with all that is known (at the start, and after anything was missed),
// `added` with what is new, in order.
struct Follower {
  std::function<void(std::vector<SequencedRevocation> all)> complete;
  std::function<void(std::vector<SequencedRevocation> added)> added;
  std::function<void(Millis now)> caught_up;            // at `now` nothing was newer
  std::function<void(const StoreError& error)> failed;  // tried again by itself
};

class Store {
 public:
  // Waits for the calls that were made; no `done` and nothing of the follower is called after it. Not for threads of
  // the store's own.
  virtual ~Store() = default;

  // A `sid` that is there already stays as it is.
  virtual void begin_session(Family family, RefreshToken first, Done<Begun> done) = 0;
  // Rotation and reuse detection in one atomic step: judge_rotation(), then for `current` the token is marked used and
  // its successor becomes current, and the first used token is forgotten if the family had `most_used` before; for
  // `reused` the family ends and its sid is revoked. See Rotation::Kind.
  virtual void rotate(Rotation rotation, Done<Rotated> done) = 0;
  virtual void find(std::string sid, TokenHash presented, std::string client, Millis now, Millis grace,
                    Done<FoundSession> done) = 0;

  // Keeps it and tells every follower; `sid`, `sub` and `issuer` also end the families of its issuer that they name
  // (begun earlier than `before`, where that is given), in the same step; where they are many, Redis counts them as
  // ended, and sweep() marks them. Gives its sequence number: greater than all before it. A `sid` whose revocation is
  // kept already, to last as long or longer, is not kept again: that gives the last number. Only this bounds what the
  // holder of one session's token can make a store keep.
  virtual void revoke(Revocation revocation, Done<std::uint64_t> done) = 0;
  // Ends every session of the subject that is kept: as revoke() of each `sid`, until `until`. One that has ended, and
  // whose revocation is kept, has no token beyond that, and is not revoked again. Gives the revocations of all, also of
  // those: a caller whose answer was lost, or who was not the first, has them. Where there are many it is done in
  // pieces, with other calls in between: sessions that begin meanwhile may go on.
  virtual void end_sessions(std::string issuer, std::string subject, Millis until,
                            Done<std::vector<Revocation>> done) = 0;
  // Begins to follow; called once.
  virtual void follow(Follower follower) = 0;

  virtual void load_signing_keys(Done<SigningKeySet> done) = 0;
  // Adds `key` if the set still has `version`; gives the set as it is then, with or without it.
  virtual void add_signing_key(SigningKeyRecord key, std::uint64_t version, Done<SigningKeySet> done) = 0;

  // Counts one attempt under each name, unless one of them is at its limit already: then nothing is counted, and the
  // time until the latest of those windows ends is given. 0: go on.
  virtual void count_attempt(std::vector<Attempt> attempts, Millis now, Done<Millis> done) = 0;
  // The attempt that was counted so turned out right: each counter is one less, or gone where it is `forgiven`.
  virtual void uncount_attempt(std::vector<Attempt> attempts, Done<Nothing> done) = 0;

  // Removes what has expired, by a store's clock at most where it has one of its own: sealed successors `now`, which
  // must not be there for longer than they are good for; by the time for forgetting used tokens, families with their
  // last token (kept_after_end after their end), revocations, counters, keys. Marks what revoke() left to it. At most
  // `most` of them; gives how many.
  virtual void sweep(Believed time, std::size_t most, Done<std::size_t> done) = 0;
};

}  // namespace postern::state
