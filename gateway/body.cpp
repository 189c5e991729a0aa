#include "gateway/body.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cstring>

namespace postern {

BodyReader::BodyReader(Transport& from, const http::Framing& framing, Buffer& buffer, std::string_view first,
                       std::size_t most)
    : from_(from),
      kind_(framing.kind),
      remaining_(framing.kind == http::BodyKind::fixed ? framing.length : 0),
      place_(buffer.data() + headroom),
      space_(std::min(most, buffer.size() - headroom - tailroom)),
      pending_(const_cast<char*>(first.data())),  // it lies in `buffer`, which is ours to write
      pending_size_(first.size()) {}

bool BodyReader::is_over() const noexcept {
  return kind_ == http::BodyKind::none || done_ || (kind_ == http::BodyKind::fixed && remaining_ == 0);
}

BodyReader::Piece BodyReader::take_chunked() {
  const auto result = decoder_.feed(pending_, pending_size_);
  Piece piece{{pending_, result.data}, Status::more};
  pending_ += result.consumed;
  pending_size_ -= result.consumed;
  bytes_ += result.data;
  done_ = result.done;
  if (result.malformed) piece.status = Status::malformed;
  if (result.done) piece.status = Status::last;
  return piece;
}

BodyReader::Piece BodyReader::take_pending() {
  if (kind_ == http::BodyKind::chunked) return take_chunked();
  std::size_t size = pending_size_;
  if (kind_ == http::BodyKind::fixed) {
    size = static_cast<std::size_t>(std::min<std::uint64_t>(size, remaining_));
    remaining_ -= size;
  }
  Piece piece{{pending_, size}, Status::more};
  pending_ += size;
  pending_size_ -= size;
  bytes_ += size;
  if (is_over()) piece.status = Status::last;
  return piece;
}

bool BodyReader::try_next(Piece& piece) {
  if (is_over()) {
    piece = {{}, Status::last};
    return true;
  }
  if (pending_size_ == 0) return false;
  piece = take_pending();
  return !piece.data.empty() || piece.status != Status::more;
}

Task<BodyReader::Piece> BodyReader::next() {
  Piece piece;
  while (!try_next(piece)) {
    // Of a fixed body never more than its rest, so that the next request's bytes stay where they are.
    std::size_t size = space_;
    if (kind_ == http::BodyKind::fixed) size = static_cast<std::size_t>(std::min<std::uint64_t>(size, remaining_));
    const auto [error, bytes] = co_await from_.read_some(place_, size);
    if (error || bytes == 0) {  // without an error: there was no room, and never will be
      const bool ended = kind_ == http::BodyKind::until_close && error == boost::asio::error::eof;
      done_ = ended;
      co_return Piece{{}, ended ? Status::last : Status::failed};
    }
    pending_ = place_;
    pending_size_ = bytes;
  }
  co_return piece;
}

std::string_view frame_chunk(const BodyReader::Piece& piece) noexcept {
  const bool last = piece.status == BodyReader::Status::last;
  if (piece.data.empty()) return last ? http::last_chunk : std::string_view{};
  char* data = const_cast<char*>(piece.data.data());
  char* end = data + piece.data.size();
  std::memcpy(end, http::chunk_end.data(), http::chunk_end.size());
  end += http::chunk_end.size();
  if (last) {
    std::memcpy(end, http::last_chunk.data(), http::last_chunk.size());
    end += http::last_chunk.size();
  }
  const char* begin = http::write_chunk_size(data, piece.data.size());
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace postern
