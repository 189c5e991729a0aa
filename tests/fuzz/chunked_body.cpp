// The chunked body: read in pieces of any size it is the same, and it is what a plain reading of RFC 9112 section 7.1
// gives. Accepted is a body that ends.
#include <array>
#include <vector>

#include "gateway/http/chunked.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace postern::fuzz;
using postern::http::ChunkedDecoder;

struct Decoded {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  bool malformed = false;
  bool operator==(const Decoded&) const = default;
};

// `next_piece` gives the size of each piece, at least 1.
template <typename NextPiece>
Decoded decode(std::string_view input, NextPiece next_piece) {
  ChunkedDecoder decoder;
  Decoded decoded;
  while (decoded.consumed < input.size() && !decoded.done && !decoded.malformed) {
    const std::string_view piece = input.substr(decoded.consumed, next_piece());
    std::vector<char> bytes(piece.begin(), piece.end());
    const auto result = decoder.feed(bytes.data(), bytes.size());
    require(result.data <= result.consumed && result.consumed <= bytes.size(), "no piece yields more than it holds");
    require(result.consumed == bytes.size() || result.done || result.malformed, "all is read until the end");
    decoded.data.append(bytes.data(), result.data);
    decoded.consumed += result.consumed;
    decoded.done = result.done;
    decoded.malformed = result.malformed;
  }
  char more[] = "0\r\n\r\n";
  const auto after = decoder.feed(more, sizeof more - 1);
  require(!decoded.malformed || after.malformed, "a malformed body stays malformed");
  require(!decoded.done || (after.done && after.consumed == 0), "nothing is read behind the end");
  return decoded;
}

Decoded decode(std::string_view input, std::size_t piece) {
  return decode(input, [=] { return piece; });
}

bool is_line_char(char c) {
  return c == '\t' || (c >= 0x20 && c < 0x7F);
}

bool is_trailer_char(char c) {
  return is_line_char(c) || static_cast<unsigned char>(c) >= 0x80;
}

// A whole body, read line by line.
class PlainReading {
 public:
  explicit PlainReading(std::string_view input) : rest_(input) { ends_ = read_chunks() && read_trailers(); }

  bool ends() const { return ends_; }
  const std::string& data() const { return data_; }
  std::string_view rest() const { return rest_; }

 private:
  bool take_line(std::string_view& line) {
    const std::size_t end = rest_.find("\r\n");
    if (end == rest_.npos) return false;
    line = rest_.substr(0, end);
    rest_.remove_prefix(end + 2);
    return true;
  }

  bool take_size(unsigned long long& size) {
    std::string_view line;
    if (!take_line(line) || line.size() + 2 > ChunkedDecoder::max_line_bytes) return false;
    const std::size_t digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
    if (digits == 0 || digits > 16) return false;
    size = std::stoull(std::string(line.substr(0, digits)), nullptr, 16);
    const std::string_view extension = line.substr(digits);
    extension_bytes_ += extension.size();
    return (extension.empty() || extension.front() == ';') &&
           std::all_of(extension.begin(), extension.end(), is_line_char) &&
           extension_bytes_ <= ChunkedDecoder::max_extension_bytes;
  }

  bool read_chunks() {
    for (unsigned long long size = 0; take_size(size);) {
      if (size == 0) return true;
      if (size > rest_.size() || !rest_.substr(size).starts_with("\r\n")) return false;
      data_ += rest_.substr(0, size);
      rest_.remove_prefix(size + 2);
    }
    return false;
  }

  bool read_trailers() {
    const std::size_t all = rest_.size();
    for (std::string_view line; take_line(line);) {
      if (all - rest_.size() > ChunkedDecoder::max_trailer_bytes) return false;
      if (line.empty()) return true;
      const std::size_t colon = line.find(':');
      constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
      const auto is_token_char = [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.find(c) != marks.npos;
      };
      if (colon == 0 || colon == line.npos || !std::all_of(line.begin(), line.begin() + colon, is_token_char) ||
          !std::all_of(line.begin() + colon, line.end(), is_trailer_char)) {
        return false;
      }
    }
    return false;
  }

  std::string_view rest_;
  std::string data_;
  std::size_t extension_bytes_ = 0;
  bool ends_ = false;
};

// The content as the gateway sends it on, in chunks of `piece` bytes.
std::string encode(std::string_view data, std::size_t piece) {
  std::string body;
  for (; !data.empty(); data.remove_prefix(std::min(piece, data.size()))) {
    const std::string_view chunk = data.substr(0, piece);
    std::array<char, postern::http::max_chunk_head> head;
    char* const end = head.data() + head.size();
    body.append(postern::http::write_chunk_size(end, chunk.size()), end).append(chunk);
    body += postern::http::chunk_end;
  }
  return body.append(postern::http::last_chunk);
}

Verdict judge(std::string_view input) {
  const Decoded whole = decode(input, std::max<std::size_t>(input.size(), 1));
  require(decode(input, std::size_t{1}) == whole, "byte by byte it is the same body");
  std::size_t state = input.size();
  const auto some = [&] {
    return 1 + (state = state * 6364136223846793005u + 1442695040888963407u) / (~std::size_t{0} / 37);
  };
  require(decode(input, some) == whole, "in uneven pieces it is the same body");
  const PlainReading plain(input);
  require(plain.ends() == whole.done, "a body ends exactly when RFC 9112 says so");
  if (!whole.done) return refused(whole.malformed ? "malformed" : "unfinished");
  require(plain.data() == whole.data, "the content is what RFC 9112 says");
  require(plain.rest().size() == input.size() - whole.consumed, "the next message begins where RFC 9112 says");
  const Decoded sent_on = decode(encode(whole.data, 1 + input.size() % 40), std::size_t{16});
  require(sent_on.done && sent_on.data == whole.data, "sent on, it is the same content");
  return accepted();
}

}  // namespace

POSTERN_FUZZ_TARGET("chunked_body")
