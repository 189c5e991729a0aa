#include "gateway/http/chunked.hpp"

#include <algorithm>
#include <cstring>

#include "gateway/http/syntax.hpp"

namespace postern::http {
namespace {

constexpr std::uint8_t max_size_digits = 16;  // 64 bits

// HTAB and visible ASCII: nothing that a log or another parser could take for the end of a line.
bool is_line_char(char c) noexcept {
  return c == '\t' || (c >= ' ' && c < '\x7f');
}

}  // namespace

ChunkedDecoder::Result ChunkedDecoder::feed(char* bytes, std::size_t size) noexcept {
  Result result;
  std::size_t at = 0;
  while (at < size && state_ != State::done && state_ != State::bad) {
    if (state_ == State::data) {
      const std::size_t run = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, size - at));
      if (result.data != at) std::memmove(bytes + result.data, bytes + at, run);
      result.data += run;
      at += run;
      remaining_ -= run;
      if (remaining_ == 0) state_ = State::data_cr;
    } else {
      state_ = step(bytes[at++]);
    }
  }
  result.consumed = at;
  result.done = state_ == State::done;
  result.malformed = state_ == State::bad;
  return result;
}

ChunkedDecoder::State ChunkedDecoder::step(char c) noexcept {
  switch (state_) {
    case State::size_start:
    case State::size:
    case State::extension:
    case State::size_lf:
      return step_size_line(c);
    case State::data_cr:
      return c == '\r' ? State::data_lf : State::bad;
    case State::data_lf:
      return c == '\n' ? State::size_start : State::bad;
    default:
      return step_trailer(c);
  }
}

ChunkedDecoder::State ChunkedDecoder::step_size_line(char c) noexcept {
  if (state_ == State::size_start) {
    digits_ = 0;
    remaining_ = 0;
    line_bytes_ = 0;
  }
  if (++line_bytes_ > max_line_bytes) return State::bad;
  if (state_ == State::size_lf) {
    if (c != '\n') return State::bad;
    return remaining_ == 0 ? State::trailer_start : State::data;
  }
  if (state_ == State::extension) {
    if (c == '\r') return State::size_lf;
    return is_line_char(c) && ++extension_bytes_ <= max_extension_bytes ? State::extension : State::bad;
  }
  const int digit = hex_value(c);
  if (digit >= 0) {
    if (++digits_ > max_size_digits) return State::bad;
    remaining_ = remaining_ << 4 | static_cast<unsigned>(digit);
    return State::size;
  }
  if (digits_ == 0) return State::bad;
  if (c == '\r') return State::size_lf;
  return c == ';' && ++extension_bytes_ <= max_extension_bytes ? State::extension : State::bad;
}

ChunkedDecoder::State ChunkedDecoder::step_trailer(char c) noexcept {
  if (++trailer_bytes_ > max_trailer_bytes) return State::bad;
  switch (state_) {
    case State::trailer_start:
      if (c == '\r') return State::end_lf;
      return token_chars.holds(c) ? State::trailer_name : State::bad;
    case State::trailer_name:
      if (c == ':') return State::trailer;
      return token_chars.holds(c) ? State::trailer_name : State::bad;
    case State::trailer:
      if (c == '\r') return State::trailer_lf;
      return is_line_char(c) || static_cast<unsigned char>(c) >= 0x80 ? State::trailer : State::bad;
    case State::trailer_lf:
      return c == '\n' ? State::trailer_start : State::bad;
    case State::end_lf:
      return c == '\n' ? State::done : State::bad;
    default:
      return State::bad;
  }
}

char* write_chunk_size(char* end, std::size_t size) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  *--end = '\n';
  *--end = '\r';
  do {
    *--end = digits[size & 15];
    size >>= 4;
  } while (size != 0);
  return end;
}

}  // namespace postern::http
