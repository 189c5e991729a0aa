// Waiting for newer keys of a provider, where they could change the verdict on a token.
#pragma once

#include <cstdint>

#include "base/reason.hpp"
#include "filters/jose/compact.hpp"
#include "filters/providers.hpp"

namespace postern::filters {

// Newer keys could change the verdict. A token without a kid, or with one that no key has, was tried with the keys that
// fit: the right one may be missing.
bool lacks_key(Reason reason, const jose::Token& token, const Provider& provider);

// `refused`, after all waiting, as it is to be told: keys_unavailable where the token lacks its key, and whether its
// issuer has it nobody knows, since fetching fails. For a token that is worth a fetch (jose::worth_a_key_fetch).
Refusal decided(Refusal refused, const jose::Token& token, const Provider& provider);

// Of one token. Waits for keys once, and once more when that fetch had begun before the token came.
class KeyWait {
 public:
  // `judged_by`: the version of the source's keys by which the token was refused.
  KeyWait(const Provider& provider, std::uint64_t judged_by) : provider_(provider), judged_by_(judged_by) {}

  // True when there are other keys, by which the token is to be judged again; `reason` is that of the last refusal.
  Task<bool> for_newer(Reason reason);

 private:
  const Provider& provider_;
  std::uint64_t judged_by_;
  int fetches_left_ = 2;
};

}  // namespace postern::filters
