#include "filters/token_service/access_token.hpp"

#include <doctest/doctest.h>

#include "conf/token_service.hpp"
#include "filters/jose/compact.hpp"
#include "filters/jose/signing.hpp"

namespace postern::token_service {
namespace {

AccessFacts facts() {
  AccessFacts facts;
  facts.issuer = "https://id.example.com";
  facts.subject = "alice";
  facts.client = "postern";
  facts.jti = "j1";
  facts.audiences = {"orders"};
  facts.issued_at = 1700000000.75;
  facts.expires = 1700000900;
  return facts;
}

const std::string plain =
    R"({"iss":"https://id.example.com","sub":"alice","aud":"orders","client_id":"postern","iat":1700000000,)"
    R"("exp":1700000900,"jti":"j1"})";

// The payload's text with these claims of the user and these names let in.
std::string with_claims(std::string_view user, const std::vector<std::string>& let_in) {
  const Json record = parse_json(user).value();
  AccessFacts about = facts();
  about.user_claims = &record;
  about.access_claims = let_in;
  return access_payload(about);
}

}  // namespace

TEST_CASE("A token's header says that it is an access token") {
  CHECK(access_header("ES256", "k1") == R"({"alg":"ES256","kid":"k1","typ":"at+jwt"})");
}

TEST_CASE("A token has the claims that RFC 9068 section 2.2 requires, and no empty ones") {
  CHECK(access_payload(facts()) == plain);
}

TEST_CASE("A token's end is moved to an earlier instant, in whole seconds, and never to a later one") {
  AccessFacts about = facts();
  end_by(about, 1700000900.9);
  CHECK(about.expires == 1700000900);
  end_by(about, 1700000899.9);
  CHECK(about.expires == 1700000899);
  end_by(about, 1700001000);
  CHECK(about.expires == 1700000899);
}

TEST_CASE("A login's token names its session, scope and time of login") {
  AccessFacts login = facts();
  login.sid = "s1";
  login.scope = "read write";
  login.auth_time = 1699999999.9;
  const std::string start = plain.substr(0, plain.size() - 1);
  CHECK(access_payload(login) == start + R"(,"sid":"s1","scope":"read write","auth_time":1699999999})");
}

TEST_CASE("Several audiences are an array") {
  AccessFacts two = facts();
  two.audiences = {"a", "b"};
  CHECK(*parse_json(access_payload(two)).value().find("aud") == parse_json(R"(["a","b"])").value());
}

TEST_CASE("Of a user's claims those named enter the token, with their values as they are") {
  const std::string start = plain.substr(0, plain.size() - 1);
  constexpr const char* user = R"({"email":"a@example.com","roles":["x",{"y":1.50}],"phone":"1"})";
  CHECK(with_claims(user, {"roles", "email", "email", "other"}) ==
        start + R"(,"email":"a@example.com","roles":["x",{"y":1.50}]})");
  CHECK(with_claims(user, {}) == plain);
  CHECK(with_claims("[]", {"email"}) == plain);
}

TEST_CASE("A reserved claim of a user's record never enters, even when it is named") {
  for (const std::string name : {"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "sid", "scope",
                                 "auth_time", "cnf", "act", "typ", "token_use"}) {
    CAPTURE(name);
    CHECK(conf::is_reserved_claim(name));
    CHECK(with_claims(R"({")" + std::string(name) + R"(":"forged"})", {name}) == plain);
  }
  CHECK_FALSE(conf::is_reserved_claim("email"));
  CHECK_FALSE(conf::is_reserved_claim(""));
}

TEST_CASE("Hostile names and values stay text") {
  AccessFacts hostile = facts();
  hostile.subject = "a\",\"sub\":\"root\n";
  CHECK(*parse_json(access_payload(hostile)).value().find("sub")->string() == hostile.subject);
  CHECK(*parse_json(access_header("ES256", "k\",\"alg\":\"none")).value().find("alg")->string() == "ES256");
}

TEST_CASE("A signed token is read back with its header and claims") {
  const auto key = jose::SigningKey::generate(*jose::find_algorithm("ES256"));
  REQUIRE(key);
  const std::string text = key->sign(access_header(key->algorithm().name, key->kid()), access_payload(facts()));
  const auto token = jose::parse_token(text);
  REQUIRE(token);
  CHECK(token->jws.kid() == key->kid());
  CHECK(*token->jws.header->members.find("typ")->string() == "at+jwt");
  CHECK(token->claims.to_text() == plain);
}

}  // namespace postern::token_service
