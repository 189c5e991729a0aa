#include "gateway/client_address.hpp"

#include <doctest/doctest.h>

namespace postern {
namespace {

std::string client_of(std::initializer_list<std::string_view> forwarded, const char* peer = "10.0.0.1") {
  CidrSet trusted;
  REQUIRE(trusted.add("10.0.0.0/8"));
  REQUIRE(trusted.add("fd00::/8"));
  http::Fields fields;
  for (const std::string_view value : forwarded) fields.add("X-Forwarded-For", value);
  return client_address(fields, boost::asio::ip::make_address(peer), trusted);
}

}  // namespace

TEST_CASE("an address is written as the system writes it") {
  for (const char* const text : {"0.0.0.0", "1.2.3.4", "10.20.99.100", "255.255.255.255", "::1", "2001:db8::1", "::ffff:1.2.3.4"}) {
    CHECK(text_of(boost::asio::ip::make_address(text)) == text);
  }
}

TEST_CASE("behind a trusted proxy a request comes from the last address that is no proxy's") {
  CHECK(client_of({"192.0.2.1"}) == "192.0.2.1");
  CHECK(client_of({"203.0.113.9, 192.0.2.1, 10.0.0.2"}) == "192.0.2.1");
  CHECK(client_of({"203.0.113.9", "192.0.2.1", "10.0.0.2"}) == "192.0.2.1");
  CHECK(client_of({"2001:db8::1"}, "fd00::1") == "2001:db8::1");
  CHECK(client_of({"10.0.0.3, 10.0.0.2"}) == "10.0.0.3");
}

TEST_CASE("a forwarded address may have a port") {
  CHECK(client_of({"192.0.2.1:4711"}) == "192.0.2.1");
  CHECK(client_of({"[2001:db8::1]:4711"}) == "2001:db8::1");
  CHECK(client_of({"[2001:db8::1]"}) == "2001:db8::1");
}

TEST_CASE("a request comes from the peer when that is not trusted, or says nothing that can be read") {
  CHECK(client_of({"192.0.2.1"}, "198.51.100.7") == "198.51.100.7");
  CHECK(client_of({}) == "10.0.0.1");
  for (const std::string_view broken : {"unknown", "192.0.2.1, ", "192.0.2.1, _hidden", "192.0.2.256", "[", "192.0.2.1,,10.0.0.2"}) {
    CHECK(client_of({broken}) == "10.0.0.1");
  }
}

TEST_CASE("a forwarded address that was removed is not believed") {
  CidrSet trusted;
  REQUIRE(trusted.add("10.0.0.0/8"));
  http::Fields fields;
  fields.add("X-Forwarded-For", "192.0.2.1");
  for (http::Field& field : fields) field.removed = true;
  CHECK(client_address(fields, boost::asio::ip::make_address("10.0.0.1"), trusted) == "10.0.0.1");
}

TEST_CASE("what a client wrote itself is not believed") {
  CHECK(client_of({"not an address, 192.0.2.1"}) == "192.0.2.1");
}

}  // namespace postern
