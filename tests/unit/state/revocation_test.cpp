#include "state/revocation.hpp"

#include <doctest/doctest.h>

namespace postern::state {
namespace {

using Kind = Revocation::Kind;

// Depends on what else is said.
Millis usual_until(const Revocation& revocation) {
  return revocation.issuer == "i" ? 5000 : 6000;
}

Revocation parsed(std::string_view text) {
  const auto revocation = parse_revocation(text, usual_until);
  REQUIRE(revocation);
  return *revocation;
}

std::string fault_of(std::string_view text) {
  const auto revocation = parse_revocation(text, usual_until);
  return revocation ? "parsed" : revocation.error();
}

}  // namespace

TEST_CASE("A revocation names one token, session, subject or key of an issuer") {
  CHECK(parsed(R"({"jti":"a","issuer":"i"})") == Revocation{Kind::jti, "i", "a", {}, 5000});
  CHECK(parsed(R"({"issuer":"i","sid":"a"})") == Revocation{Kind::sid, "i", "a", {}, 5000});
  CHECK(parsed(R"({"sub":"a","issuer":"i","until":7})") == Revocation{Kind::sub, "i", "a", {}, 7000});
  CHECK(parsed(R"({"kid":"a","issuer":"i","until":7.25})") == Revocation{Kind::kid, "i", "a", {}, 7250});
}

TEST_CASE("A subject's or an issuer's tokens can be revoked up to an instant") {
  CHECK(parsed(R"({"sub":"a","issuer":"i","issued_before":3})") == Revocation{Kind::sub, "i", "a", 3000, 5000});
  CHECK(parsed(R"({"issuer":"i","issued_before":3,"until":4})") == Revocation{Kind::issuer, "i", "", 3000, 4000});
}

TEST_CASE("What is formatted parses back to the same") {
  for (const Revocation& revocation :
       {Revocation{Kind::jti, "https://i.example/", "a\"b\\\n", {}, 1700000000000},
        Revocation{Kind::sid, "i", "s", {}, 1700000000001}, Revocation{Kind::sub, "i", "\xc3\xa9", {}, 1700000000999},
        Revocation{Kind::sub, "i", "s", 1699999999010, 253402300799999}, Revocation{Kind::kid, "i", "k", {}, 0},
        Revocation{Kind::issuer, "i", "", 0, 1}}) {
    CAPTURE(format_revocation(revocation));
    CHECK(parsed(format_revocation(revocation)) == revocation);
  }
  CHECK(format_revocation({Kind::sub, "i", "s", 3050, 4000}) ==
        R"({"sub":"s","issuer":"i","issued_before":3.050,"until":4})");
}

TEST_CASE("What names nothing, or two things, is refused with a sentence") {
  CHECK(fault_of(R"({"issuer":"i"})") == "one of `jti`, `sid`, `sub`, `kid` and `issued_before` is needed");
  CHECK(fault_of(R"({"jti":"a"})") == "`issuer` is missing");
  CHECK(fault_of(R"({"issued_before":1})") == "`issuer` is missing");
  CHECK(fault_of(R"({"jti":"a","sid":"b","issuer":"i"})") ==
        "only one of `jti`, `sid`, `sub` and `kid` can be revoked at once");
  CHECK(fault_of(R"({"sub":"a","kid":"b","issuer":"i"})") ==
        "only one of `jti`, `sid`, `sub` and `kid` can be revoked at once");
  for (const std::string name : {"jti", "sid", "kid"}) {
    CHECK(fault_of("{\"" + name + R"(":"a","issuer":"i","issued_before":1})") ==
          "`issued_before` stands alone or beside `sub`");
  }
  CHECK(fault_of(R"({"jti":"a","issuer":"i","untill":1})") == "`untill` is unknown here");
}

TEST_CASE("Names are strings that are not empty") {
  for (const std::string value : {"\"\"", "1", "null", "[\"a\"]"}) {
    CAPTURE(value);
    CHECK(fault_of("{\"jti\":" + value + R"(,"issuer":"i"})") == "`jti` must be a string that is not empty");
    CHECK(fault_of("{\"jti\":\"a\",\"issuer\":" + value + "}") == "`issuer` must be a string that is not empty");
  }
}

TEST_CASE("Times are seconds from 1970 to the end of the year 9999") {
  for (const std::string name : {"until", "issued_before"}) {
    for (const std::string value :
         {"-1", "-0.001", "253402300799.9999", "253402300800", "1700000000000", "\"1\"", "null", "true"}) {
      CAPTURE(value);
      CHECK(fault_of(R"({"sub":"a","issuer":"i",")" + name + "\":" + value + "}") ==
            "`" + name + "` must be a time in seconds since 1970");
    }
    CHECK(fault_of(R"({"sub":"a","issuer":"i",")" + name + "\":0}") == "parsed");
    CHECK(fault_of(R"({"sub":"a","issuer":"i",")" + name + "\":253402300799}") == "parsed");
  }
}

TEST_CASE("What is no JSON object of moderate size is no revocation") {
  CHECK(fault_of("").starts_with("the revocation is not acceptable JSON: "));
  CHECK(fault_of(R"({"jti":"a","jti":"b","issuer":"i"})").starts_with("the revocation is not acceptable JSON: "));
  CHECK(fault_of("[]") == "the revocation is no JSON object");
  const auto sized = [](std::size_t bytes) {
    const std::string head = R"({"issuer":"i","jti":")", tail = "\"}";
    return head + std::string(bytes - head.size() - tail.size(), 'a') + tail;
  };
  CHECK(fault_of(sized(16 * 1024)) == "parsed");
  CHECK(fault_of(sized(16 * 1024 + 1)).starts_with("the revocation is not acceptable JSON: "));
}

TEST_CASE("A token without jti is named by the SHA-256 of what was signed") {
  // The signature is no part of it: of (r, s) and (r, n - s) both hold for ES256.
  CHECK(jti_of_signing_input("abc") == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  CHECK(jti_of_signing_input("a.b") != jti_of_signing_input("a.c"));
}

TEST_CASE("A revocation without an end gets one that depends on the rest of it") {
  CHECK(parsed(R"({"jti":"a","issuer":"other"})").until == 6000);
  CHECK(parsed(R"({"jti":"a","issuer":"other","until":0})").until == 0);
}

}  // namespace postern::state
