#include "gateway/http/head_writer.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace postern::http;

namespace {

std::string written_head(std::size_t expected) {
  std::string out = "before ";
  {
    HeadWriter writer(out, expected);
    writer.put("GET / HTTP/1.1\r\n");
    writer.put({});
    writer.line("Host", "a");
    writer.line("Empty", std::string_view{});
    writer.line("None", std::uint64_t{0});
    writer.line("Most", std::numeric_limits<std::uint64_t>::max());
  }
  return out;
}

}  // namespace

TEST_CASE("a head is the same whether as long as expected, shorter or longer") {
  const std::string right = "before GET / HTTP/1.1\r\nHost: a\r\nEmpty: \r\nNone: 0\r\nMost: 18446744073709551615\r\n";
  for (std::size_t expected = 0; expected < 2 * right.size(); ++expected) CHECK(written_head(expected) == right);
}

TEST_CASE("a piece far longer than all that was expected is written whole") {
  const std::string piece(100'000, 'v');
  std::string out;
  {
    HeadWriter writer(out, 1);
    writer.put(piece);
    writer.line("X", piece);
  }
  CHECK(out == piece + "X: " + piece + "\r\n");
}

TEST_CASE("nothing written leaves the string as it was") {
  std::string out = "before";
  { const HeadWriter writer(out, 500); }
  CHECK(out == "before");
}
