// The verified tokens of one worker, so that a token's signature is checked once and not at each request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "base/siphash.hpp"

namespace postern::filters {

class Identity;

// The interval of Unix seconds in which a provider's time rules accept a token: [from, until).
struct Validity {
  double from = -std::numeric_limits<double>::infinity();
  double until = std::numeric_limits<double>::infinity();
  bool holds(double now) const noexcept { return now >= from && now < until; }
};

// Keyed on the exact bytes of the token and on the jwt filter whose rules it passed: found by a hash of the signature's
// end, whose key is random, and compared in full. Only accepted tokens are stored, so nobody without valid tokens can
// push others out. Bounded by bytes; the second-chance rule (CLOCK) picks what goes: an entry used since the hand last
// passed stays.
class TokenCache {
 public:
  // `most_bytes`: of the entries, and of what insert() is told about identities.
  explicit TokenCache(std::size_t most_bytes, SipKey key = random_sip_key());

  // The identity of a token that `filter` accepted and that is valid at `now`; nullptr when there is none. Does not
  // allocate. The pointer holds until the next call of insert() or find().
  const std::shared_ptr<Identity>* find(std::uint64_t filter, std::string_view token, double now) noexcept;

  // Stores an accepted token, a view into the memory of its identity, which `identity_bytes` estimates. What alone
  // exceeds the bound is left out.
  void insert(std::uint64_t filter, std::string_view token, std::shared_ptr<Identity> identity,
              std::size_t identity_bytes, Validity validity);

  // Forgets all of them, and keeps no memory for others.
  void clear() noexcept;

  std::size_t size() const noexcept { return used_; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Entry {
    std::string_view token;              // of the identity
    std::shared_ptr<Identity> identity;  // null: the entry is free
    Validity validity;
    std::uint64_t hash = 0;
    std::uint64_t filter = 0;
    std::size_t bytes = 0;
    bool used_lately = false;
  };

  // A place of the hash table (open addressing, linear probing): an index into entries_ beside its hash.
  struct Bucket {
    std::uint64_t hash = 0;
    std::uint32_t entry = empty;
  };
  static constexpr std::size_t fewest_buckets = 64;
  static constexpr std::uint32_t empty = std::numeric_limits<std::uint32_t>::max();

  std::uint64_t hash_of(std::uint64_t filter, std::string_view token) const noexcept;
  std::size_t find_bucket(std::uint64_t hash, std::uint64_t filter, std::string_view token) const noexcept;
  std::size_t bucket_of(std::uint32_t entry) const noexcept;
  void add_bucket(std::uint64_t hash, std::uint32_t entry) noexcept;
  void remove_bucket(std::size_t at) noexcept;
  void grow_buckets();
  void drop(std::size_t bucket) noexcept;
  void evict_one() noexcept;
  std::uint32_t take_free_entry();

  std::size_t most_bytes_;
  SipKey key_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;  // indices of free entries
  std::vector<Bucket> buckets_;      // a power of two, at most half full
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;
  std::size_t hand_ = 0;
};

}  // namespace postern::filters
