// Revocations in memory: written by one thread, read by all workers without a lock. 16 bytes for a slot, at most three
// of four slots used. A keyed hash of 63 bits stands for what was revoked: among a million entries about one look-up in
// 10^13 finds what nobody revoked.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

#include "base/siphash.hpp"
#include "state/revocation.hpp"

namespace postern::state {

using Fingerprint = std::uint64_t;

// What of a token can be revoked, hashed once when the token is verified.
struct Fingerprints {
  static constexpr Fingerprint absent = 0;  // the token has no such claim; nothing else has this hash
  Fingerprint jti = absent, sid = absent, sub = absent, kid = absent, issuer = absent;
  std::uint32_t issued_at = 0;  // `iat` in whole seconds, rounded down; 0 without one
};

class RevocationTable {
  struct Slots;

 public:
  explicit RevocationTable(SipKey key = random_sip_key());

  // Of an issuer's `value` under `kind`; of Kind::issuer the value is empty. Any thread.
  Fingerprint fingerprint(Revocation::Kind kind, std::string_view issuer, std::string_view value) const noexcept;

  // Another number after every insert(): what was found clean after this number was read stays so while it is the same.
  // Any thread; one atomic load.
  std::uint64_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }

  // A reader's hold on the slots; one for each thread, to be used with one table. A table that has grown goes on in new
  // slots, and the old ones live as long as somebody holds them.
  class View {
    friend class RevocationTable;
    std::shared_ptr<const Slots> slots_;
  };
  // Whether anything of the token was revoked by what epoch() counted before. Any thread; takes a lock only after the
  // table has moved to new slots.
  bool revokes(const Fingerprints& token, View& view) const;

  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
  std::size_t bytes() const;  // of the slots

  // The writing thread alone. Seen by every reader that sees the new epoch(). An entry never becomes weaker: of two
  // with one name the later `until` and `before` hold. One without `before` is an entry of its own, with its own
  // `until`. Times are rounded up to seconds.
  void insert(std::span<const Revocation> revocations);
  // Forgets what needs no longer be known at `now`, in new slots.
  void forget_expired(Millis now);

 private:
  void insert_one(const Revocation& revocation);
  void move_to(std::shared_ptr<Slots> slots);

  const SipKey key_;
  std::atomic<std::uint64_t> epoch_{1};
  std::atomic<std::size_t> size_{0};
  std::atomic<const Slots*> latest_{nullptr};  // what current_ points at
  mutable std::mutex mutex_;                   // for the copy of current_
  std::shared_ptr<Slots> current_;
};

}  // namespace postern::state
