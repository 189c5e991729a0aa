// A body read from a connection in pieces as they come, with one fixed buffer, whatever its framing.
#pragma once

#include <cstdint>
#include <string_view>

#include "gateway/buffer_pool.hpp"
#include "gateway/http/chunked.hpp"
#include "gateway/http/framing.hpp"
#include "gateway/transport.hpp"

namespace postern {

class BodyReader {
 public:
  // Room before and after a piece, so that a chunk can be framed around it in place and sent with one call.
  static constexpr std::size_t headroom = http::max_chunk_head;
  static constexpr std::size_t tailroom = http::chunk_end.size() + http::last_chunk.size();

  enum class Status : std::uint8_t {
    more,
    last,       // the body ends with this piece, as its framing says
    malformed,  // its chunked coding is broken
    failed,     // the connection ended or failed before the body did
  };
  struct Piece {
    std::string_view data;  // valid until the next call
    Status status = Status::more;
  };

  // `first` are the bytes of the body that have been received already. They lie in `buffer`, at least `headroom` behind
  // its start. `most` bounds a single read, and is not 0.
  BodyReader(Transport& from, const http::Framing& framing, Buffer& buffer, std::string_view first,
             std::size_t most = SIZE_MAX);

  // The next piece; reads only when nothing is at hand. A piece is empty only when it is the last or an error.
  Task<Piece> next();
  // The same from what has been received already; false when next() would have to read.
  bool try_next(Piece& piece);

  // What has been received past the body's end.
  std::string_view rest() const noexcept { return {pending_, pending_size_}; }
  std::uint64_t bytes() const noexcept { return bytes_; }  // of content so far

 private:
  bool is_over() const noexcept;
  Piece take_pending();
  Piece take_chunked();

  Transport& from_;
  http::BodyKind kind_;
  std::uint64_t remaining_;  // of a fixed body
  http::ChunkedDecoder decoder_;
  char* place_;  // where reads go
  std::size_t space_;
  char* pending_;
  std::size_t pending_size_;
  std::uint64_t bytes_ = 0;
  bool done_ = false;
};

// The piece as one chunk, framed in place around its data; with the last chunk behind it when it is the last.
std::string_view frame_chunk(const BodyReader::Piece& piece) noexcept;

}  // namespace postern
