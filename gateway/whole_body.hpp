// A small body read whole, before the filters of a route that wants it so.
#pragma once

#include <cstddef>
#include <tl/expected.hpp>

#include "base/reason.hpp"
#include "base/secret.hpp"
#include "gateway/buffer_pool.hpp"
#include "gateway/filter.hpp"
#include "gateway/http/framing.hpp"
#include "gateway/inbox.hpp"
#include "gateway/transport.hpp"

namespace postern {

// All of the body, at most `limit` bytes of content, a Secret since it may hold a password: no copy of it stays behind
// in a buffer. What was read past its end is back in the inbox. Answers `Expect`. Refuses body_too_large (before a byte
// is read, where Content-Length says so) and request_malformed (broken chunks, or an end before the body's); after
// these the connection cannot go on. The caller has armed the deadline.
Task<tl::expected<Secret, Refusal>> read_whole_body(BufferPool& buffers, Transport& client, Inbox& inbox,
                                                    const http::Framing& framing, std::size_t limit);

}  // namespace postern
