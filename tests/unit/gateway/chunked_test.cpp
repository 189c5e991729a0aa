#include "gateway/http/chunked.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

using namespace postern::http;

namespace {

struct Decoded {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  bool malformed = false;
  bool operator==(const Decoded&) const = default;
};

// Feeds the input in pieces of the given size, as long as the decoder wants more.
Decoded decode(std::string_view input, std::size_t piece) {
  ChunkedDecoder decoder;
  Decoded decoded;
  while (decoded.consumed < input.size() && !decoded.done && !decoded.malformed) {
    std::string bytes(input.substr(decoded.consumed, piece));
    const auto result = decoder.feed(bytes.data(), bytes.size());
    decoded.data.append(bytes, 0, result.data);
    decoded.consumed += result.consumed;
    decoded.done = result.done;
    decoded.malformed = result.malformed;
  }
  return decoded;
}

Decoded decode(std::string_view input) {
  return decode(input, std::max<std::size_t>(input.size(), 1));
}

std::string with_extension(std::size_t bytes) {
  return "1;" + std::string(bytes - 1, 'x') + "\r\na\r\n";
}

}  // namespace

TEST_CASE("a chunked body decodes the same in every split") {
  const std::string_view body =
      "5\r\nhello\r\n1;a=\"b c\";d\r\n \r\n00A\r\n0123456789\r\n0\r\nX-User: admin\r\nY:\r\n\r\n";
  const std::string input = std::string(body) + "GET / HTTP/1.1\r\n";
  const Decoded whole = decode(input);
  CHECK(whole.data == "hello 0123456789");
  CHECK(whole.done);
  CHECK(whole.consumed == body.size());
  for (std::size_t piece = 1; piece < input.size(); ++piece) CHECK(decode(input, piece) == whole);
  for (std::size_t split = 1; split < body.size(); ++split) {
    ChunkedDecoder decoder;
    std::string first(body.substr(0, split)), second(body.substr(split));
    const auto one = decoder.feed(first.data(), first.size());
    const auto two = decoder.feed(second.data(), second.size());
    CHECK(first.substr(0, one.data) + second.substr(0, two.data) == whole.data);
    CHECK(two.done);
  }
}

TEST_CASE("an unfinished body is neither done nor malformed") {
  const std::string_view body = "5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < body.size(); ++size) {
    const Decoded decoded = decode(body.substr(0, size));
    CHECK_FALSE(decoded.done);
    CHECK_FALSE(decoded.malformed);
  }
}

TEST_CASE("what is no chunk is refused, in one piece and byte by byte") {
  using namespace std::string_view_literals;
  struct Row {
    int row;
    std::string_view input;
  };
  for (const Row& row : {
           Row{89, "0x5\r\nhello\r\n"},
           Row{89, "5_0\r\n"},
           Row{89, " 5\r\nhello\r\n"},
           Row{89, "5 \r\nhello\r\n"},
           Row{89, "5\t;a\r\n"},
           Row{89, "-5\r\n"},
           Row{89, "+5\r\n"},
           Row{89, "00000000000000005\r\nhello\r\n"},
           Row{89, "\r\n"},
           Row{89, ";a\r\n"},
           Row{89, "g\r\n"},
           Row{90, "5\nhello\r\n"},
           Row{90, "5\r\nhello\n"},
           Row{90, "0\r\n\n"},
           Row{90, "5;a\nhello"},
           Row{91, "5\r\nhello0\r\n\r\n"},
           Row{91, "5\r\nhello!\r\n"},
           Row{91, "5\r\nhello\rX"},
           Row{92, "5;a\0b\r\n"sv},
           Row{92, "5;a\x01\r\n"},
           Row{92, "5;a\rb\r\n"},
           Row{92, "5;a\x7f\r\n"},
           Row{92, "5;\x80\r\n"},
           Row{95, "0\r\nX-User : a\r\n"},
           Row{95, "0\r\n: a\r\n"},
           Row{95, "0\r\nX-User\r\n"},
           Row{51, "0\r\nX: a\r\n b\r\n"},
           Row{55, "0\r\nX: a\0\r\n"sv},
           Row{96, "0\r\n\rX"},
       }) {
    CAPTURE(row.row);
    CAPTURE(row.input);
    CHECK(decode(row.input).malformed);
    CHECK(decode(row.input, 1).malformed);
  }
}

TEST_CASE("a size of sixteen digits is the largest") {
  const Decoded decoded = decode("ffffffffffffffff\r\nabc");
  CHECK_FALSE(decoded.malformed);
  CHECK(decoded.data == "abc");
  CHECK(decode("0000000000000001\r\na\r\n0\r\n\r\n").done);
}

TEST_CASE("row 92: a size line holds at its limit and not above") {
  // The line's other bytes are the size, CR and LF.
  const std::size_t most = ChunkedDecoder::max_line_bytes - 3;
  CHECK(decode(with_extension(most)).data == "a");
  CHECK(decode(with_extension(most + 1)).malformed);
}

TEST_CASE("row 92: all extensions of a body hold at their limit and not above") {
  const std::size_t half = ChunkedDecoder::max_extension_bytes / 4;
  std::string input;
  for (int i = 0; i < 4; ++i) input += with_extension(half);
  CHECK(decode(input + "0\r\n\r\n").done);
  CHECK(decode(input + "0;\r\n\r\n").malformed);
}

TEST_CASE("rows 93 and 94: the trailer section holds at its limit and not above") {
  const auto with_trailer = [](std::size_t bytes) {  // of the section with its final empty line
    return "0\r\nX:" + std::string(bytes - 6, 'v') + "\r\n\r\n";
  };
  CHECK(decode(with_trailer(ChunkedDecoder::max_trailer_bytes)).done);
  CHECK(decode(with_trailer(ChunkedDecoder::max_trailer_bytes + 1)).malformed);
  CHECK(decode(with_trailer(66'000)).malformed);
  std::string many = "0\r\n";
  for (int i = 0; i < 500'000; ++i) many += "A: b\r\n";
  const Decoded decoded = decode(many, 4096);
  CHECK(decoded.malformed);
  CHECK(decoded.consumed <= ChunkedDecoder::max_trailer_bytes + 4);
}

TEST_CASE("row 49: trailers never become content") {
  const Decoded decoded = decode("1\r\na\r\n0\r\nX-User: admin\r\n\r\n");
  CHECK(decoded.done);
  CHECK(decoded.data == "a");
}

TEST_CASE("nothing is read after the end or after a fault") {
  ChunkedDecoder done;
  std::string last = "0\r\n\r\n";
  CHECK(done.feed(last.data(), last.size()).done);
  std::string next = "GET";
  const auto after = done.feed(next.data(), next.size());
  CHECK(after.done);
  CHECK(after.consumed == 0);
  ChunkedDecoder bad;
  std::string fault = "x";
  CHECK(bad.feed(fault.data(), fault.size()).malformed);
  CHECK(bad.feed(last.data(), last.size()).malformed);
}

TEST_CASE("a chunk's head is its size in hexadecimal digits and CRLF") {
  std::array<char, max_chunk_head> room;
  char* const end = room.data() + room.size();
  const auto written = [&](std::size_t size) {
    char* const begin = write_chunk_size(end, size);
    return std::string(begin, end);
  };
  CHECK(written(1) == "1\r\n");
  CHECK(written(0x1a2b) == "1a2b\r\n");
  CHECK(written(0) == "0\r\n");
  CHECK(written(~std::size_t{0}) == "ffffffffffffffff\r\n");
}
