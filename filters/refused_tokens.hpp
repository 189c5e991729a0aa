// The last tokens that a worker refused, so that a client that comes again and again with one costs no judgement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/reason.hpp"
#include "base/siphash.hpp"

namespace postern::filters {

struct Provider;

// Apart from the accepted ones, which nobody can push out from here. Found by a hash whose key is random, and compared
// in full; each has one place, which the next token of that place takes.
class RefusedTokens {
 public:
  static constexpr std::size_t places = 64;
  static constexpr std::size_t longest = 4096;  // bytes of a token that is remembered
  static constexpr double lifetime = 10;        // seconds: what a refusal tells of the time is not much older

  struct Entry {
    std::uint64_t filter = 0;  // whose rules refused; none has 0
    std::string token;
    double refused_at = 0;               // Unix seconds
    const Provider* provider = nullptr;  // whose keys and rules were looked at, or none
    std::uint64_t keys_version = 0;      // of that provider's keys
    Refusal refusal;
    std::string issuer, kid;  // as the token names them
  };

  explicit RefusedTokens(SipKey key = random_sip_key()) : key_(key) {}

  // What was kept of the token within the last `lifetime`, or nullptr; holds until the next insert().
  const Entry* find(std::uint64_t filter, std::string_view token, double now) const noexcept;

  // A token that is too long is left out.
  void insert(Entry entry);
  void clear() noexcept { std::vector<Entry>().swap(entries_); }

 private:
  std::size_t place_of(std::string_view token) const noexcept;

  SipKey key_;
  std::vector<Entry> entries_;  // none, until a token is refused
};

}  // namespace postern::filters
