// Who a request comes from: verified claims, and what filters made of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/reason.hpp"
#include "filters/jose/claims.hpp"

namespace postern::filters {

// Ready-made `Name: value\r\n` lines, or why the claims cannot be carried.
using HeaderBlock = tl::expected<std::string, Refusal>;

// Belongs to one worker: requests with the same token share it, and the memo below is filled without a lock.
class Identity {
 public:
  explicit Identity(jose::Claims claims) : claims_(std::move(claims)) {}

  const jose::Claims& claims() const noexcept { return claims_; }

  // What `make()` gave at the first call for this filter; kept as long as the identity, so that a token seen before
  // costs no rendering.
  template <class Make>
  const HeaderBlock& header_block(const void* filter, Make&& make) {
    for (const Memo& memo : memos_) {
      if (memo.filter == filter) return *memo.block;
    }
    memos_.push_back({filter, std::make_unique<const HeaderBlock>(make())});
    claims_.release_json();  // the next request takes the lines from here
    return *memos_.back().block;
  }

 private:
  struct Memo {
    const void* filter;
    std::unique_ptr<const HeaderBlock> block;  // its bytes stay in place when the list grows
  };

  jose::Claims claims_;
  std::vector<Memo> memos_;
};

}  // namespace postern::filters
