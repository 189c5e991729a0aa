// Who a request comes from: verified claims, and what filters made of them.
#pragma once

#include <cstdint>
#include <forward_list>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "base/reason.hpp"
#include "filters/jose/claims.hpp"
#include "filters/keys/key_source.hpp"
#include "filters/token_service/revocations.hpp"

namespace postern::filters {

// Ready-made `Name: value\r\n` lines, or why the claims cannot be carried.
using HeaderBlock = tl::expected<std::string, Refusal>;

// Belongs to one worker: requests with the same token share it, and the memo below is filled without a lock.
class Identity {
 public:
  // `verified_at` is the version that `source` had when its keys were asked for.
  Identity(jose::Claims claims, const keys::KeySource& source, std::uint64_t verified_at)
      : claims_(std::move(claims)), source_(&source), seen_(verified_at) {}

  // Whether the key that verified the token is still one of the issuer's. One atomic load, until the keys change.
  bool is_trusted() {
    const std::uint64_t version = source_->version();
    if (version == seen_) return true;
    const keys::KeysPtr keys = source_->keys();
    if (keys == nullptr || !keys->holds(claims_.thumbprint())) return false;
    seen_ = version;
    return true;
  }

  const jose::Claims& claims() const noexcept { return claims_; }
  // Gives back what was parsed, once nobody is going to read the claims.
  void release_parsed() noexcept { claims_.release_parsed(); }

  // For the revocations of a token service: what of the token they may name, and when it was last found clean.
  state::Fingerprints fingerprints;
  token_service::Revocations::Clean clean;

  // What `make()` gave at the first call for this filter; kept as long as the identity, so that a token seen before
  // costs no rendering.
  template <class Make>
  const HeaderBlock& header_block(const void* filter, Make&& make) {
    for (const Memo& memo : memos_) {
      if (memo.filter == filter) return memo.block;
    }
    memos_.push_front({filter, make()});
    release_parsed();  // the next request takes the lines from here
    return memos_.front().block;
  }

 private:
  struct Memo {
    const void* filter;
    HeaderBlock block;
  };

  jose::Claims claims_;
  const keys::KeySource* source_;  // of a provider that lives as long as the snapshot, and its cache with it
  std::uint64_t seen_;             // its version when the key was last found there
  std::forward_list<Memo> memos_;  // requests hold views into it
};

}  // namespace postern::filters
