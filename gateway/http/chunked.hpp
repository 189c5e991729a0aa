// The chunked transfer coding (RFC 9112 section 7.1), read strictly and without buffering.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern::http {

// Decodes in place: feed() moves the data of each call to the front of the bytes it was given. Chunk extensions and
// trailers are read and dropped, each bounded; sizes are 1-16 hexadecimal digits, every line ends with CRLF, an
// extension holds visible ASCII and blanks alone. Nothing is decoded after `done` or `malformed`.
class ChunkedDecoder {
 public:
  static constexpr std::size_t max_line_bytes = 8 * 1024;        // of one size line with its extension
  static constexpr std::size_t max_extension_bytes = 16 * 1024;  // of all extensions of a body
  static constexpr std::size_t max_trailer_bytes = 8 * 1024;     // of the whole trailer section

  struct Result {
    std::size_t data = 0;      // bytes of content, now at the front of the input
    std::size_t consumed = 0;  // bytes of the input that belong to this body; less than given only when done
    bool done = false;
    bool malformed = false;
  };
  Result feed(char* bytes, std::size_t size) noexcept;

 private:
  enum class State : std::uint8_t {
    size_start,
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer,
    trailer_lf,
    end_lf,
    done,
    bad
  };
  // The state after one byte that is not content.
  State step(char c) noexcept;
  State step_size_line(char c) noexcept;
  State step_trailer(char c) noexcept;

  State state_ = State::size_start;
  std::uint8_t digits_ = 0;
  std::uint64_t remaining_ = 0;
  std::size_t line_bytes_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
};

// `1a2b\r\n` before the data of one chunk, written to end at `end`; returns its first byte. At most 18 bytes.
char* write_chunk_size(char* end, std::size_t size) noexcept;
inline constexpr std::size_t max_chunk_head = 18;
inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace postern::http
