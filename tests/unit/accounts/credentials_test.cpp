#include "accounts/credentials.hpp"

#include <doctest/doctest.h>

namespace {

int verifications = 0;

}  // namespace

// The linker sends the library's function here (--wrap), to count its uses.
extern "C" {
int __real_argon2id_verify(const char* encoded, const void* password, std::size_t size);
int __wrap_argon2id_verify(const char* encoded, const void* password, std::size_t size) {
  ++verifications;
  return __real_argon2id_verify(encoded, password, size);
}
}

namespace postern::accounts {
namespace {

Users sample_users() {
  const PasswordHash hash = *PasswordHash::make(Secret("correct horse"), {8, 1, 1});
  Users users;
  users.usual_cost = {8, 1, 1};
  users.by_name.emplace("ann", User{hash, *parse_json(R"({"role":"admin"})"), false, 0});
  users.by_name.emplace("bob", User{hash, *parse_json(R"({"sub":"u-2"})"), false, 0});
  users.by_name.emplace("cid", User{hash, Json(Json::Object{}), true, 0});
  return users;
}

Credentials credentials(const std::string& name, const std::string& password = "correct horse") {
  return {name, Secret(password)};
}

Refusal refusal_of(const CheckedAccount& account) {
  REQUIRE_FALSE(account);
  return account.error();
}

Refusal refusal_of_answer(unsigned status, std::string_view body) {
  return refusal_of(read_verify_response(status, body, credentials("ann")));
}

}  // namespace

TEST_CASE("The right password gives the user's claims, and the name or `sub` as subject") {
  const Users users = sample_users();
  const auto ann = check_credentials(users, credentials("ann"));
  REQUIRE(ann);
  CHECK(ann->subject == "ann");
  CHECK(ann->claims.to_text() == R"({"role":"admin"})");
  CHECK(check_credentials(users, credentials("bob"))->subject == "u-2");
}

TEST_CASE("An unknown name, a wrong password and a disabled user get the same refusal after the same work") {
  const Users users = sample_users();
  for (const Credentials& given : {credentials("nobody"), credentials("ann", "wrong"), credentials("cid"),
                                   credentials("ANN"), credentials("", ""), credentials("ann", "")}) {
    CAPTURE(given.username);
    verifications = 0;
    CHECK(refusal_of(check_credentials(users, given)).reason == Reason::credentials_invalid);
    CHECK(verifications == 1);
  }
  verifications = 0;
  CHECK(check_credentials(users, credentials("ann")));
  CHECK(verifications == 1);
}

TEST_CASE("A password that is too long costs nothing, whoever gives it") {
  const Users users = sample_users();
  for (const char* name : {"nobody", "ann", "cid"}) {
    verifications = 0;
    const auto refused = check_credentials(users, credentials(name, std::string(1025, 'p')));
    CHECK(refusal_of(refused).reason == Reason::credentials_invalid);
    CHECK(verifications == 0);
  }
}

TEST_CASE("The body for the service is JSON, whatever the password holds") {
  const auto body = format_verify_request(credentials("a\"nn", "x\\\n\xC3\xA9"));
  REQUIRE(body);
  CHECK(body->reveal() == "{\"username\":\"a\\\"nn\",\"password\":\"x\\\\\\n\xC3\xA9\"}");
  CHECK(format_verify_request(credentials("\xFF")).error().reason == Reason::credentials_invalid);
  CHECK(format_verify_request(credentials("ann", "\xFF")).error().reason == Reason::credentials_invalid);
}

TEST_CASE("The service's 200 with an object is an account") {
  const auto ann = read_verify_response(200, R"({"sub":"u-1","role":"admin"})", credentials("ann"));
  REQUIRE(ann);
  CHECK(ann->subject == "u-1");
  CHECK(ann->claims.to_text() == R"({"sub":"u-1","role":"admin"})");
  CHECK(read_verify_response(200, "{}", credentials("ann"))->subject == "ann");
}

TEST_CASE("401, 403 and 404 mean wrong credentials, and what makes no sense means nothing") {
  for (const unsigned status : {401U, 403U, 404U}) {
    CHECK(refusal_of_answer(status, R"({"sub":"u-1"})").reason == Reason::credentials_invalid);
  }
  for (const unsigned status : {0U, 100U, 201U, 204U, 302U, 400U, 402U, 405U, 429U, 500U, 503U}) {
    CHECK_MESSAGE(refusal_of_answer(status, R"({"sub":"u-1"})").reason == Reason::credentials_unavailable, status);
  }
  for (const char* body : {"", "ok", "[]", "null", "\"ann\"", "{\"sub\":7}", "{\"sub\":\"\"}", "{\"sub\":null}",
                           "{\"sub\":\"a\",\"sub\":\"b\"}", "{\"sub\":\"\xFF\"}"}) {
    CHECK_MESSAGE(refusal_of_answer(200, body).reason == Reason::credentials_unavailable, body);
  }
}

}  // namespace postern::accounts
