// From received bytes to heads: what a head says, and whether one that is not whole yet may become one. Strict: what is
// doubtful is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "gateway/http/head.hpp"

namespace postern::http {

// Finds the end of a head in a buffer that grows, looking at each byte once. Decides early what cannot become a head:
// a bare LF (RFC 9112 section 2.2), a first line without ` HTTP/1.` in its place (requests).
class HeadScanner {
 public:
  enum class State { need_more, complete, malformed, too_large };

  explicit HeadScanner(std::size_t limit, bool response = false) : limit_(limit), response_(response) {}

  // `received` is everything from the head's first byte on, longer at each call; one empty line before a request's
  // head is skipped (RFC 9112 section 2.2). The limit counts the bytes up to and with the final empty line.
  State scan(std::string_view received);

  std::size_t begin() const noexcept { return begin_; }  // 0, or 2 after a skipped empty line
  std::size_t end() const noexcept { return end_; }      // one past the final empty line, when complete

 private:
  std::size_t limit_;
  bool response_;
  std::size_t begin_ = 0;
  std::size_t line_ = 0;  // start of the line being looked at
  std::size_t seen_ = 0;  // looked at so far
  std::size_t end_ = 0;
};

struct HeadLimits {
  std::size_t fields = 100;
  std::size_t bytes = SIZE_MAX;  // nothing behind is looked at
};

// Parses the head at the front of `received` in one pass into views of it, after RFC 9112's grammar to the letter, and
// gives its size with the final empty line. Fills all of the request but path, query and authority, which are
// judge_target()'s. Refuses request_malformed: obs-fold, bytes that no field may hold, white space before a colon, a
// version that is not HTTP/1.0 or 1.1; header_too_large: too many fields. A head that is not whole is refused like a
// malformed one: HeadScanner tells the two apart.
tl::expected<std::size_t, Refusal> parse_request_head(std::string_view received, const HeadLimits& limits,
                                                      RequestHead& head);

// The same for an upstream's response; every refusal is upstream_malformed. A status line may end right behind its
// code: `HTTP/1.1 200`.
tl::expected<std::size_t, Refusal> parse_response_head(std::string_view received, const HeadLimits& limits,
                                                       ResponseHead& head);

}  // namespace postern::http
