#include "gateway/http/head_writer.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace postern::http;

namespace {

std::string written(std::size_t expected) {
  std::string out = "before";
  HeadWriter writer(out, expected);
  writer.put("GET / HTTP/1.1\r\n");
  writer.put({});
  writer.line("Host", "a");
  writer.line("Empty", std::string_view{});
  writer.line("Length", std::uint64_t{0});
  writer.line("Most", std::numeric_limits<std::uint64_t>::max());
  writer.put("\r\n");
  return writer.finish();
}

}  // namespace
