#include "gateway/cidr.hpp"

#include <doctest/doctest.h>

using boost::asio::ip::make_address;
using postern::CidrSet;

TEST_CASE("a block holds its addresses and not the ones beside it") {
  CidrSet set;
  REQUIRE(set.add("10.2.0.0/15"));
  CHECK_FALSE(set.holds(make_address("10.1.255.255")));
  CHECK(set.holds(make_address("10.2.0.0")));
  CHECK(set.holds(make_address("10.3.255.255")));
  CHECK_FALSE(set.holds(make_address("10.4.0.0")));
}

TEST_CASE("an IPv4 address mapped into IPv6 is the IPv4 address") {
  CidrSet set;
  REQUIRE(set.add("127.0.0.1"));
  CHECK(set.holds(make_address("::ffff:127.0.0.1")));
  CHECK_FALSE(set.holds(make_address("::1")));
}

TEST_CASE("IPv6 blocks end at their last bit") {
  CidrSet set;
  REQUIRE(set.add("fd00::/9"));
  CHECK(set.holds(make_address("fd7f::1")));
  CHECK_FALSE(set.holds(make_address("fd80::1")));
}

TEST_CASE("a block of all addresses holds every one") {
  CidrSet set;
  REQUIRE(set.add("0.0.0.0/0"));
  CHECK(set.holds(make_address("203.0.113.9")));
  CHECK_FALSE(set.holds(make_address("2001:db8::1")));
}

TEST_CASE("what is no address block is refused") {
  CidrSet set;
  for (const std::string bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "10.0.0.0/8x", "host/8"}) {
    CAPTURE(bad);
    CHECK_FALSE(set.add(bad));
  }
  CHECK(set.add("10.0.0.0/32"));
  CHECK(set.add("::/128"));
}
