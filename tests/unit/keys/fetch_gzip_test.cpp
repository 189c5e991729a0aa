#include "filters/keys/fetch_gzip.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include "tests/unit/keys/fetching.hpp"
#include "tests/unit/keys/scripted_server.hpp"

namespace postern::keys {
namespace {

std::string gzip(const std::string& content) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Outcome fetch_encoded(const std::string& body, const std::string& fields, std::size_t limit = 1 << 20) {
  boost::asio::io_context io;
  ScriptedServer server(io, {answer(response(body, fields))});
  FetchOptions options;
  options.body_limit = limit;
  return run_fetch(io, server.url(), options);
}

}  // namespace

TEST_CASE("gzip of any size is undone") {
  for (const std::size_t size : {0, 1, 11, 16'384, 16'385, 100'000}) {
    std::string content(size, 'x');
    for (std::size_t i = 0; i < size; i += 7) content[i] = static_cast<char>(i * 31);
    CAPTURE(size);
    CHECK(gunzip(gzip(content), size) == content);
  }
}

TEST_CASE("decompression stops at the limit") {
  const std::string bomb = gzip(std::string(1'000'000, 'x'));
  REQUIRE(bomb.size() < 2'000);
  CHECK(gunzip(bomb, 1'000'000).has_value());
  REQUIRE(!gunzip(bomb, 999'999).has_value());
  CHECK(gunzip(bomb, 999'999).error() == "it is too long when decompressed");
  CHECK(gunzip(gzip(""), 0).has_value());
  CHECK(!gunzip(gzip("x"), 0).has_value());
}

TEST_CASE("a gzip file may have several members, which share the limit") {
  const std::string two = gzip("{\"keys\":") + gzip("[]}");
  CHECK(gunzip(two, 11) == "{\"keys\":[]}");
  CHECK(!gunzip(two, 10).has_value());
  // Empty members without end cost no more than their bytes.
  std::string empty;
  for (int i = 0; i < 1000; ++i) empty += gzip("");
  CHECK(gunzip(empty, 10) == "");
}

TEST_CASE("gzip that is broken, cut short at any byte or followed by something else is refused") {
  const std::string whole = gzip("{\"keys\":[]}");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(!gunzip(whole.substr(0, size), 100).has_value());
  }
  std::string broken = whole;
  broken[broken.size() - 6] ^= 1;  // in the checksum
  CHECK(!gunzip(broken, 100).has_value());
  CHECK(!gunzip(whole + "x", 100).has_value());
  CHECK(!gunzip(whole + "trailing bytes", 100).has_value());
  CHECK(!gunzip("{\"keys\":[]}", 100).has_value());
}

TEST_CASE("a compressed document is decompressed, and bounded before and after") {
  const std::string content(1000, ' ');
  for (const char* name : {"gzip", "GZip", "x-gzip"}) {
    const Outcome outcome = fetch_encoded(gzip(content), std::string("Content-Encoding: ") + name + "\r\n");
    REQUIRE(outcome.succeeded());
    CHECK(outcome.result->body == content);
  }
  CHECK(fetch_encoded(gzip(content), "Content-Encoding: gzip\r\n", 1000).succeeded());
  const Outcome bomb = fetch_encoded(gzip(content), "Content-Encoding: gzip\r\n", 999);
  REQUIRE(!bomb.succeeded());
  CHECK(bomb.result.error().phase == Phase::body);
}

TEST_CASE("another encoding, or two, is a failure; identity is none") {
  CHECK(fetch_encoded("{}", "Content-Encoding: identity\r\n").succeeded());
  for (const std::string fields :
       {"Content-Encoding: br\r\n", "Content-Encoding: deflate\r\n", "Content-Encoding: gzip, gzip\r\n",
        "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n"}) {
    const Outcome outcome = fetch_encoded(gzip("{}"), fields);
    CAPTURE(fields);
    REQUIRE(!outcome.succeeded());
    CHECK(outcome.result.error().phase == Phase::body);
  }
  CHECK(!fetch_encoded("{}", "Content-Encoding: gzip\r\n").succeeded());
}

}  // namespace postern::keys
