#include "filters/keys/fetch_gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace postern::keys {
namespace {

struct Inflater {
  z_stream stream{};
  const bool ready = inflateInit2(&stream, MAX_WBITS + 16) == Z_OK;  // 16: gzip, nothing else
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready) inflateEnd(&stream);
  }
};

}  // namespace

tl::expected<std::string, std::string> gunzip(std::string_view compressed, std::size_t limit) {
  const auto refuse = [](const char* why) { return tl::unexpected(std::string(why)); };
  Inflater inflater;
  if (!inflater.ready) return refuse("no memory to decompress it");
  z_stream& stream = inflater.stream;
  // zlib's pointer is not const and not written through.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(compressed.size(), UINT32_MAX));
  if (stream.avail_in != compressed.size()) return refuse("it is too long");
  std::string content;
  std::array<char, 16 * 1024> piece{};
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return refuse("its gzip data is broken");
    const std::size_t bytes = piece.size() - stream.avail_out;
    if (bytes > limit - content.size()) return refuse("it is too long when decompressed");
    content.append(piece.data(), bytes);
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) return content;
      inflateReset(&stream);  // another member; each takes bytes of the input, so this ends
    } else if (bytes == 0 && stream.avail_in == 0) {
      return refuse("its gzip data is incomplete");
    }
  }
}

}  // namespace postern::keys
