#include "filters/token_cache.hpp"

#include <algorithm>
#include <utility>

namespace postern::filters {

TokenCache::TokenCache(std::size_t most_bytes, SipKey key)
    : most_bytes_(most_bytes), key_(key), buckets_(fewest_buckets) {}

std::uint64_t TokenCache::hash_of(std::uint64_t filter, std::string_view token) const noexcept {
  // The end of a token is the end of its signature, up to 48 bytes of it (HS256 has 32 in all): no two tokens that were
  // ever accepted share it, and nobody can make such a pair without the key. The filter is no secret and no choice of a
  // client's: mixing it in afterwards is enough.
  constexpr std::size_t hashed = 64;
  return siphash13(key_, token.substr(token.size() - std::min(token.size(), hashed))) ^ (filter * 0x9E3779B97F4A7C15);
}

const std::shared_ptr<Identity>* TokenCache::find(std::uint64_t filter, std::string_view token, double now) noexcept {
  const std::size_t bucket = find_bucket(hash_of(filter, token), filter, token);
  if (buckets_[bucket].entry == empty) return nullptr;
  Entry& entry = entries_[buckets_[bucket].entry];
  if (!entry.validity.holds(now)) {
    drop(bucket);  // the full judgement names the reason
    return nullptr;
  }
  entry.used_lately = true;
  return &entry.identity;
}

void TokenCache::insert(std::uint64_t filter, std::string_view token, std::shared_ptr<Identity> identity,
                        std::size_t identity_bytes, Validity validity) {
  const std::size_t cost = sizeof(Entry) + identity_bytes;
  const std::uint64_t hash = hash_of(filter, token);
  const std::size_t old = find_bucket(hash, filter, token);
  if (buckets_[old].entry != empty) drop(old);
  if (cost > most_bytes_ || identity == nullptr) return;
  while (bytes_ + cost > most_bytes_) evict_one();

  if ((used_ + 1) * 2 > buckets_.size()) grow_buckets();
  const std::uint32_t index = take_free_entry();
  entries_[index] = {token, std::move(identity), validity, hash, filter, cost, false};
  add_bucket(hash, index);
  ++used_;
  bytes_ += cost;
}

void TokenCache::clear() noexcept {
  std::vector<Entry>().swap(entries_);  // an assignment would keep the memory
  std::vector<std::uint32_t>().swap(free_);
  buckets_.resize(fewest_buckets);
  std::fill(buckets_.begin(), buckets_.end(), Bucket{});
  buckets_.shrink_to_fit();
  used_ = bytes_ = hand_ = 0;
}

std::uint32_t TokenCache::take_free_entry() {
  if (free_.empty()) {
    entries_.emplace_back();
    free_.reserve(entries_.capacity());  // room for every index, so that drop() never allocates
    return static_cast<std::uint32_t>(entries_.size() - 1);
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  return index;
}

// The bucket that holds the token, or the empty one where the search ended.
std::size_t TokenCache::find_bucket(std::uint64_t hash, std::uint64_t filter, std::string_view token) const noexcept {
  const std::size_t mask = buckets_.size() - 1;
  std::size_t at = hash & mask;
  for (; buckets_[at].entry != empty; at = (at + 1) & mask) {
    if (buckets_[at].hash != hash) continue;
    const Entry& entry = entries_[buckets_[at].entry];
    if (entry.filter == filter && entry.token == token) break;
  }
  return at;
}

std::size_t TokenCache::bucket_of(std::uint32_t entry) const noexcept {
  const std::size_t mask = buckets_.size() - 1;
  std::size_t at = entries_[entry].hash & mask;
  while (buckets_[at].entry != entry) at = (at + 1) & mask;
  return at;
}

void TokenCache::add_bucket(std::uint64_t hash, std::uint32_t entry) noexcept {
  const std::size_t mask = buckets_.size() - 1;
  std::size_t at = hash & mask;
  while (buckets_[at].entry != empty) at = (at + 1) & mask;
  buckets_[at] = {hash, entry};
}

// Closes the gap: each follower that may stand in it moves back, so that no search ends early.
void TokenCache::remove_bucket(std::size_t at) noexcept {
  const std::size_t mask = buckets_.size() - 1;
  std::size_t gap = at;
  for (std::size_t next = (at + 1) & mask; buckets_[next].entry != empty; next = (next + 1) & mask) {
    const std::size_t home = buckets_[next].hash & mask;
    if (((next - home) & mask) < ((next - gap) & mask)) continue;
    buckets_[gap] = buckets_[next];
    gap = next;
  }
  buckets_[gap] = {};
}

void TokenCache::grow_buckets() {
  std::vector<Bucket> old(buckets_.size() * 2);
  old.swap(buckets_);
  for (const Bucket& bucket : old) {
    if (bucket.entry != empty) add_bucket(bucket.hash, bucket.entry);
  }
}

void TokenCache::drop(std::size_t bucket) noexcept {
  const std::uint32_t index = buckets_[bucket].entry;
  remove_bucket(bucket);
  bytes_ -= entries_[index].bytes;
  --used_;
  entries_[index] = Entry{};
  free_.push_back(index);
}

// Two rounds of the hand end it: the first takes the second chances away.
void TokenCache::evict_one() noexcept {
  for (;; ++hand_) {
    if (hand_ >= entries_.size()) hand_ = 0;
    Entry& entry = entries_[hand_];
    if (entry.identity == nullptr) continue;
    if (!std::exchange(entry.used_lately, false)) break;
  }
  drop(bucket_of(static_cast<std::uint32_t>(hand_)));
  ++hand_;
}

}  // namespace postern::filters
