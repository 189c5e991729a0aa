#include "state/revocation_table.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

namespace postern::state {
namespace {

// Seconds are 32 bits wide: enough up to 2106, and what is later is as good as never.
constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

std::uint32_t seconds_up(Millis time) noexcept {
  return static_cast<std::uint32_t>(std::clamp<Millis>(time / 1000 + (time % 1000 > 0 ? 1 : 0), 0, never));
}

// Of a name that was revoked with an instant and without one the latter stands apart: it concerns the tokens to come,
// and must not last as long as the other. The name's own slot has this bit then, which no name has.
constexpr Fingerprint has_apart = Fingerprint{1} << 63U;

constexpr Fingerprint name_of(std::uint64_t hash) noexcept {
  return std::max<Fingerprint>(hash & ~has_apart, Fingerprints::absent + 1);
}
// Under which the other is found.
constexpr Fingerprint apart_of(Fingerprint name) noexcept {
  return name_of(~name);
}

struct Slot {
  std::atomic<Fingerprint> fingerprint{Fingerprints::absent};  // absent: the slot is free
  std::atomic<std::uint32_t> before{0};  // tokens issued earlier are revoked; `never`: all of them
  std::uint32_t until = 0;               // the writer's alone
};
static_assert(sizeof(Slot) == 16 && std::atomic<Fingerprint>::is_always_lock_free);

// The smallest power of two of which `entries` use at most three quarters.
std::size_t capacity_for(std::size_t entries) noexcept {
  return std::bit_ceil(std::max<std::size_t>(entries + entries / 3, 16));
}

}  // namespace

// An open-addressing table with linear probing, never full. Entries are added and strengthened in place, and leave only
// with the whole.
struct RevocationTable::Slots {
  explicit Slots(std::size_t capacity) : all(capacity) {}

  // The slot of this entry, or the free one where it would be.
  template <class Self>
  static auto& slot_of(Self& self, Fingerprint name) noexcept {
    const std::size_t mask = self.all.size() - 1;
    for (std::size_t i = name & mask;; i = (i + 1) & mask) {
      const Fingerprint found = self.all[i].fingerprint.load(std::memory_order_acquire);
      if ((found & ~has_apart) == name || found == Fingerprints::absent) return self.all[i];
    }
  }

  bool revokes(Fingerprint name, std::uint32_t issued_at) const noexcept {
    if (name == Fingerprints::absent) return false;
    const Slot& slot = slot_of(*this, name);
    // In this order: who sees an instant where there was none sees that something stands apart.
    const std::uint32_t before = slot.before.load(std::memory_order_acquire);
    const Fingerprint found = slot.fingerprint.load(std::memory_order_acquire);
    if ((found & ~has_apart) != name) return false;
    if (before == never || issued_at < before) return true;
    return (found & has_apart) != 0 && revokes(apart_of(name), issued_at);
  }

  // Whether it is a new entry.
  bool add(Fingerprint name, std::uint32_t before, std::uint32_t until) noexcept {
    Slot& slot = slot_of(*this, name);
    if (slot.fingerprint.load(std::memory_order_relaxed) == Fingerprints::absent) {
      slot.until = until;
      slot.before.store(before, std::memory_order_relaxed);
      slot.fingerprint.store(name, std::memory_order_release);  // last: readers find the slot by it
      return true;
    }
    const std::uint32_t known = slot.before.load(std::memory_order_relaxed);
    const std::uint32_t known_until = slot.until;
    slot.until = std::max(slot.until, until);  // what stands apart is found by it
    if ((before == never) == (known == never)) {
      slot.before.store(std::max(known, before), std::memory_order_relaxed);
      return false;
    }
    const bool is_new = add(apart_of(name), never, before == never ? until : known_until);
    slot.fingerprint.store(name | has_apart, std::memory_order_release);
    slot.before.store(std::min(known, before), std::memory_order_release);
    return is_new;
  }

  // Of other slots, to where nothing of that name is.
  void copy(const Slot& slot) noexcept {
    const Fingerprint found = slot.fingerprint.load(std::memory_order_relaxed);
    Slot& to = slot_of(*this, found & ~has_apart);
    to.until = slot.until;
    to.before.store(slot.before.load(std::memory_order_relaxed), std::memory_order_relaxed);
    to.fingerprint.store(found, std::memory_order_relaxed);
  }

  std::vector<Slot> all;
};

RevocationTable::RevocationTable(SipKey key) : key_(key) {
  move_to(std::make_shared<Slots>(capacity_for(0)));
}

Fingerprint RevocationTable::fingerprint(Revocation::Kind kind, std::string_view issuer,
                                         std::string_view value) const noexcept {
  // Issuer and kind become part of the key: no value of one can be spelt so that it is another's.
  const SipKey key{key_[0] ^ siphash13(key_, issuer), key_[1] ^ (static_cast<std::uint64_t>(kind) + 1)};
  return name_of(siphash13(key, value));
}

bool RevocationTable::revokes(const Fingerprints& token, View& view) const {
  if (view.slots_.get() != latest_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    view.slots_ = current_;
  }
  const Slots& slots = *view.slots_;
  return slots.revokes(token.jti, token.issued_at) || slots.revokes(token.sid, token.issued_at) ||
         slots.revokes(token.sub, token.issued_at) || slots.revokes(token.kid, token.issued_at) ||
         slots.revokes(token.issuer, token.issued_at);
}

std::size_t RevocationTable::bytes() const {
  const std::lock_guard lock(mutex_);
  return current_->all.size() * sizeof(Slot);
}

void RevocationTable::insert(std::span<const Revocation> revocations) {
  for (const Revocation& revocation : revocations) insert_one(revocation);
  epoch_.fetch_add(1, std::memory_order_release);
}

void RevocationTable::insert_one(const Revocation& revocation) {
  if (const std::size_t needed = capacity_for(size() + 1); needed > current_->all.size()) {
    const auto larger = std::make_shared<Slots>(needed);
    for (const Slot& slot : current_->all) {
      if (slot.fingerprint.load(std::memory_order_relaxed) != Fingerprints::absent) larger->copy(slot);
    }
    move_to(larger);
  }
  // A token without `iat` counts as issued at 0, which is earlier than any `before`.
  const std::uint32_t before = revocation.before ? std::max(seconds_up(*revocation.before), 1u) : never;
  const Fingerprint name = fingerprint(revocation.kind, revocation.issuer, revocation.value);
  if (current_->add(name, before, seconds_up(revocation.until))) size_.fetch_add(1, std::memory_order_relaxed);
}

void RevocationTable::forget_expired(Millis now) {
  const auto is_kept = [now](const Slot& slot) {
    return slot.fingerprint.load(std::memory_order_relaxed) != Fingerprints::absent &&
           (slot.until == never || Millis{slot.until} * 1000 > now);
  };
  const auto kept = static_cast<std::size_t>(std::count_if(current_->all.begin(), current_->all.end(), is_kept));
  if (kept == size()) return;
  const auto fewer = std::make_shared<Slots>(capacity_for(kept));
  for (const Slot& slot : current_->all) {
    if (is_kept(slot)) fewer->copy(slot);
  }
  move_to(fewer);
  size_.store(kept, std::memory_order_relaxed);
}

void RevocationTable::move_to(std::shared_ptr<Slots> slots) {
  const std::lock_guard lock(mutex_);
  current_ = std::move(slots);
  latest_.store(current_.get(), std::memory_order_release);
}

}  // namespace postern::state
