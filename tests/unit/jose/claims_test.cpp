#include "filters/jose/claims.hpp"

#include <doctest/doctest.h>

namespace postern::jose {
namespace {

std::string at(const ClaimPath& path, std::string_view json) {
  const Json claims = parse_json(json).value();
  const Json* found = path.find(claims);
  return found == nullptr ? "absent" : found->to_text();
}

std::string at(std::string path, std::string_view json) {
  return at(ClaimPath::from_text(std::move(path)), json);
}

}  // namespace

TEST_CASE("Dots lead into objects, digits into arrays") {
  const char* claims = R"({"sub":"u","realm_access":{"roles":["a","b"],"2":"two"},"n":null})";
  CHECK(at("sub", claims) == "\"u\"");
  CHECK(at("realm_access.roles", claims) == R"(["a","b"])");
  CHECK(at("realm_access.roles.1", claims) == "\"b\"");
  CHECK(at("realm_access.2", claims) == "\"two\"");
  CHECK(at("n", claims) == "null");
  for (const std::string path :
       {"", "Sub", "sub.x", "realm_access.roles.2", "realm_access.roles.-1", "realm_access.roles.1x",
        "realm_access.roles.", "realm_access.roles.99999999999999999999", ".sub", "n.x"}) {
    CAPTURE(path);
    CHECK(at(path, claims) == "absent");
  }
}

TEST_CASE("The literal member name wins over the path") {
  CHECK(at("a.b", R"({"a":{"b":1},"a.b":2})") == "2");
  CHECK(at("a.b", R"({"a":{"b":1}})") == "1");
  CHECK(at("https://x.example/roles", R"({"https://x.example/roles":["r"]})") == R"(["r"])");
}

TEST_CASE("Segments are taken exactly as they are") {
  const auto path = ClaimPath::from_segments({"a", "b.c"});
  CHECK(at(path, R"({"a":{"b.c":1,"b":{"c":2}}})") == "1");
  CHECK(at(path, R"({"a":{"b":{"c":2}}})") == "absent");
  CHECK(path.text() == "[a, b.c]");
  CHECK(at(path, R"({"[a, b.c]":1})") == "absent");
  CHECK(at(ClaimPath::from_segments({"a.b"}), R"({"a":{"b":1}})") == "absent");
}

TEST_CASE("What names somebody is a string, or a number's text") {
  const Json claims = parse_json(R"({"a":"text","b":12345678901234567890,"c":1.50,"d":true,"e":["x"],"f":null})").value();
  CHECK(identifier(claims, "a") == "text");
  CHECK(identifier(claims, "b") == "12345678901234567890");
  CHECK(identifier(claims, "c") == "1.50");
  for (const std::string_view other : {"d", "e", "f", "g"}) CHECK(identifier(claims, other).empty());
}

}  // namespace postern::jose
