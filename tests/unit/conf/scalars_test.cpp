#include "conf/scalars.hpp"

#include <doctest/doctest.h>

using namespace postern::conf;

TEST_CASE("integers are decimal, without sign and leading zeros") {
  CHECK(parse_integer("0") == 0u);
  CHECK(parse_integer("10") == 10u);
  CHECK(parse_integer("18446744073709551615") == 18446744073709551615ull);
  for (const std::string_view text :
       {"", "010", "00", "+1", "-1", "1.0", "0x10", "1_000", " 1", "1 ", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_integer(text));
  }
}

TEST_CASE("booleans are true and false alone") {
  CHECK(parse_boolean("true") == true);
  CHECK(parse_boolean("false") == false);
  for (const std::string_view text : {"True", "yes", "on", "1", ""}) CHECK_FALSE(parse_boolean(text));
}

TEST_CASE("durations have a unit") {
  CHECK(parse_duration("250ms")->count() == 250);
  CHECK(parse_duration("5s")->count() == 5'000);
  CHECK(parse_duration("2m")->count() == 120'000);
  CHECK(parse_duration("1h")->count() == 3'600'000);
  CHECK(parse_duration("7d")->count() == 604'800'000);
  CHECK(parse_duration("0s")->count() == 0);
  CHECK(parse_duration("36500d"));
  for (const std::string_view text :
       {"", "5", "s", "5 s", "05s", "5S", "1.5s", "-1s", "1w", "5sec", "36501d", "99999999999999999999s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("sizes are bytes or have a binary unit") {
  CHECK(parse_bytes("512")->count == 512);
  CHECK(parse_bytes("16KiB")->count == 16384);
  CHECK(parse_bytes("1MiB")->count == 1 << 20);
  CHECK(parse_bytes("2GiB")->count == 2ull << 30);
  CHECK(parse_bytes("9223372036854775807"));
  for (const std::string_view text :
       {"", "KiB", "1KB", "1kib", "1 KiB", "01KiB", "1B", "9223372036854775808", "8589934592GiB"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bytes(text));
  }
}

TEST_CASE("a written duration or size is the shortest and is read back") {
  CHECK(format_duration(Duration(60'000)) == "1m");
  CHECK(format_duration(Duration(90'000)) == "90s");
  CHECK(format_duration(Duration(250)) == "250ms");
  CHECK(format_duration(Duration(0)) == "0s");
  CHECK(format_bytes(Bytes{16384}) == "16KiB");
  CHECK(format_bytes(Bytes{1000}) == "1000");
  CHECK(format_bytes(Bytes{0}) == "0");
  for (std::int64_t ms : {0ll, 1ll, 999ll, 1000ll, 86'400'000ll, 86'400'001ll}) {
    CHECK(parse_duration(format_duration(Duration(ms))) == Duration(ms));
  }
}
