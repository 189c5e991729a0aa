#include "filters/token_service/verify_user.hpp"

#include <doctest/doctest.h>

namespace postern::token_service {
namespace {

Json json(std::string_view text) {
  return parse_json(text).value();
}

// Claims whose one that enters access tokens is, as an object, of so many bytes.
Json claims_of(std::size_t size) {
  return Json(Json::Object{{"role", Json(std::string(size - 11, 'x'))}, {"more", Json(std::string(size, 'x'))}});
}

}  // namespace

TEST_CASE("A session keeps the username and the claims that may enter access tokens") {
  const auto kept =
      kept_claims("alice", json(R"({"sub":"7","role":["a"],"secret":"s","age":7.10})"), {"age", "role", "no"});
  CHECK(kept.value() == R"({"username":"alice","claims":{"role":["a"],"age":7.10}})");
  CHECK(claims_of_kept(*kept) == json(R"({"role":["a"],"age":7.10})"));
  CHECK(kept_claims("alice", json("{}"), {"role"}).value() == R"({"username":"alice","claims":{}})");
}

TEST_CASE("What is kept is as long as a user file's claims may be, and no byte longer") {
  CHECK(kept_claims("alice", claims_of(4096), {"role"}));
  const auto longer = kept_claims("alice", claims_of(4097), {"role"});
  REQUIRE(!longer);
  CHECK(longer.error().reason == Reason::credentials_unavailable);
}

TEST_CASE("What is kept is read again, as deep as an answer may be") {
  const std::string deepest = R"({"role":)" + std::string(31, '[') + std::string(31, ']') + "}";
  CHECK_FALSE(parse_json(R"({"role":)" + std::string(32, '[') + std::string(32, ']') + "}"));
  CHECK(claims_of_kept(kept_claims("alice", json(deepest), {"role"}).value()) == json(deepest));
}

TEST_CASE("A session that began with a user file keeps no claims") {
  const Json nothing(Json::Object{});
  CHECK(claims_of_kept(R"({"username":"alice"})") == nothing);
  CHECK(claims_of_kept(R"({"username":"alice","claims":1})") == nothing);
  CHECK(claims_of_kept("") == nothing);
}

}  // namespace postern::token_service
