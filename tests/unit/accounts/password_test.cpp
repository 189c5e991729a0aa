#include "accounts/password.hpp"

#include <doctest/doctest.h>

namespace postern::accounts {
namespace {

// Of "correct horse", by the argon2 command line tool of the reference implementation and by argon2-cffi.
constexpr const char* of_the_tool =
    "$argon2id$v=19$m=16,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$oYHPzCuaEG57t79HkMA1WuwYqRqkcqU42MH3ePTTA3g";
constexpr const char* of_the_tool_on_two_lanes = "$argon2id$v=19$m=64,t=1,p=2$c2FsdHNhbHQ$v/oANxYntZRHcygUjzyOPA";
constexpr const char* of_the_tool_at_the_usual_cost =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$AdweBLwcflnNX2HVW8i1Mtu7frrn4Ki7h/rYSGuU7Is";
constexpr const char* of_argon2_cffi = "$argon2id$v=19$m=32,t=1,p=1$xI2wUCg27x2Y29Qxr0PM0Q$jsrhNUCyUs2ZDzHd5SCzvA";

constexpr const char* of_1025_times_p =
    "$argon2id$v=19$m=8,t=1,p=1$HQYVs8t42BiGZwa90Pzj3g$OWckZFpDFJOLzHHsyRCRVQ";  // argon2-cffi

constexpr HashCost least_cost = {8, 1, 1};

bool matches(const PasswordHash& hash, std::string password) {
  const auto matched = verify_password(hash, Secret(std::move(password)));
  REQUIRE_MESSAGE(matched, matched.error());
  return *matched;
}

// What is wrong with the text, or "".
std::string bad_hash(const std::string& text) {
  const auto hash = PasswordHash::parse(text);
  return hash ? "" : hash.error();
}

std::string with_parts(std::size_t salt_digits, std::size_t hash_digits) {
  return "$argon2id$v=19$m=16,t=2,p=1$" + std::string(salt_digits, 'A') + "$" + std::string(hash_digits, 'A');
}

std::string with_costs(const std::string& costs) {
  return "$argon2id$v=19$" + costs + "$c2FsdHNhbHRzYWx0c2FsdA$oYHPzCuaEG57t79HkMA1WuwYqRqkcqU42MH3ePTTA3g";
}

}  // namespace

TEST_CASE("Hashes that other programs made are verified") {
  for (const std::string text :
       {of_the_tool, of_the_tool_on_two_lanes, of_the_tool_at_the_usual_cost, of_argon2_cffi}) {
    CAPTURE(text);
    const auto hash = PasswordHash::parse(text);
    REQUIRE(hash);
    CHECK(hash->text() == text);
    CHECK(matches(*hash, "correct horse"));
    CHECK_FALSE(matches(*hash, "correct horsf"));
    CHECK_FALSE(matches(*hash, "correct horse "));
    CHECK_FALSE(matches(*hash, ""));
  }
  CHECK(PasswordHash::parse(of_the_tool)->cost() == HashCost{16, 2, 1});
  CHECK(PasswordHash::parse(of_the_tool_at_the_usual_cost)->cost() == HashCost{});
}

TEST_CASE("A hash that is made has the cost asked for, a salt of its own, and is read back") {
  const Secret password("correct horse");
  const auto first = PasswordHash::make(password, least_cost);
  const auto second = PasswordHash::make(password, least_cost);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->text() != second->text());
  CHECK(first->text().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
  CHECK(first->text().size() == 93);  // 27 before a salt of 22 digits, `$` and a hash of 43
  const auto parsed = PasswordHash::parse(first->text());
  REQUIRE(parsed);
  CHECK(parsed->cost() == least_cost);
  CHECK(matches(*parsed, "correct horse"));
  CHECK_FALSE(matches(*parsed, "other"));
}

TEST_CASE("A password has 1 to 1024 bytes, any of them") {
  CHECK(PasswordHash::make(Secret(""), least_cost).error() == "the password is empty");
  CHECK(PasswordHash::make(Secret(std::string(1025, 'p')), least_cost).error() ==
        "the password is longer than 1024 bytes");
  const auto longest = PasswordHash::make(Secret(std::string(1024, 'p')), least_cost);
  REQUIRE(longest);
  CHECK(matches(*longest, std::string(1024, 'p')));
  CHECK_FALSE(matches(*longest, std::string(1023, 'p')));
  CHECK_FALSE(matches(*longest, std::string(1025, 'p')));
  CHECK_FALSE(matches(*PasswordHash::parse(of_1025_times_p), std::string(1025, 'p')));
  const std::string odd("a\0\xFF\n", 4);
  const auto bytes = PasswordHash::make(Secret(odd), least_cost);
  REQUIRE(bytes);
  CHECK(matches(*bytes, odd));
  CHECK_FALSE(matches(*bytes, "a"));
}

TEST_CASE("Costs are taken up to their bounds and refused beyond them, without hashing") {
  for (const char* costs : {"m=8,t=1,p=1", "m=262144,t=16,p=4", "m=32,t=1,p=4"}) {
    CHECK_MESSAGE(bad_hash(with_costs(costs)) == "", costs);
  }
  for (const char* costs : {"m=262145,t=1,p=1",       "m=16,t=17,p=1",
                            "m=64,t=1,p=5",           "m=7,t=1,p=1",
                            "m=31,t=1,p=4",           "m=0,t=1,p=1",
                            "m=16,t=0,p=1",           "m=16,t=1,p=0",
                            "m=4294967312,t=1,p=1",   "m=18446744073709551632,t=1,p=1",
                            "m=-1,t=1,p=1",           "m=016,t=1,p=1",
                            "m= 16,t=1,p=1",          "m=16,t=1",
                            "m=16,p=1,t=1",           "t=1,m=16,p=1",
                            "m=16,t=1,p=1,data=AAAA", "m=16,t=1,p=1,keyid=AA",
                            "m=16,t=1,p=1,",          ""}) {
    CHECK_MESSAGE(bad_hash(with_costs(costs)) ==
                      "its costs must be `m=` (KiB) of 8 for each lane to 262144, `t=` of 1 to 16 and `p=` of 1 to 4",
                  costs);
  }
}

TEST_CASE("A salt has 8 to 64 bytes and a hash 16 to 64, in strict base64 without padding") {
  const std::string salt_fault = "its salt must be 8 to 64 bytes in base64 without padding";
  const std::string hash_fault = "its hash must be 16 to 64 bytes in base64 without padding";
  CHECK(bad_hash(with_parts(11, 22)) == "");  // 8 and 16 bytes
  CHECK(bad_hash(with_parts(86, 86)) == "");  // 64 and 64
  CHECK(bad_hash(with_parts(10, 22)) == salt_fault);
  CHECK(bad_hash(with_parts(87, 22)) == salt_fault);
  CHECK(bad_hash(with_parts(0, 22)) == salt_fault);
  CHECK(bad_hash(with_parts(13, 22)) == salt_fault);
  CHECK(bad_hash(with_parts(11, 20)) == hash_fault);
  CHECK(bad_hash(with_parts(11, 87)) == hash_fault);
  CHECK(bad_hash(with_parts(11, 0)) == hash_fault);
  for (const char* end : {"=", "==", "$", "\n", " ", "_", "B"}) {
    CHECK_MESSAGE(bad_hash(with_parts(11, 22) + end) != "", end);
  }
  CHECK(bad_hash(with_parts(11, 22) + std::string("\0", 1)) == hash_fault);
  CHECK(bad_hash("$argon2id$v=19$m=16,t=2,p=1$c2FsdHNhbHQ=$AAAAAAAAAAAAAAAAAAAAAA") == salt_fault);
  CHECK(bad_hash("$argon2id$v=19$m=16,t=2,p=1$c2FsdHNhbHR$AAAAAAAAAAAAAAAAAAAAAA") == salt_fault);  // trailing bits
}

TEST_CASE("Other functions and other versions are refused") {
  const std::string not_it = "is no argon2id hash of version 19: it must begin with `$argon2id$v=19$`";
  CHECK(bad_hash("") == not_it);
  CHECK(bad_hash("secret") == not_it);
  CHECK(bad_hash("$2y$10$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu") == not_it);
  CHECK(bad_hash("$argon2i$v=19$m=16,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$dJ6/En9lhf3uDs850wB+s4hMhhmWPYBu4orCG99EiS0") ==
        not_it);
  CHECK(bad_hash("$argon2id$v=16$m=16,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$hgQ6hvlep2XwgelkitxRXaxBn7y0EJbjEhF9LBBQg0I") ==
        not_it);
  CHECK(bad_hash("$argon2id$m=16,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$hgQ6hvlep2XwgelkitxRXaxBn7y0EJbjEhF9LBBQg0I") ==
        not_it);
  CHECK(bad_hash("$argon2id$v=19$m=16,t=2,p=1") ==
        "is no whole hash: it must be `$argon2id$v=19$m=...,t=...,p=...$<salt>$<hash>`, in quotes");
}

TEST_CASE("A hash that stands for nobody is as good a hash as any, and no password matches it") {
  for (const HashCost& cost : {least_cost, HashCost{64, 2, 2}}) {
    const PasswordHash nobody = PasswordHash::unmatched(cost);
    CHECK(bad_hash(nobody.text()) == "");
    CHECK(nobody.cost() == cost);
    CHECK_FALSE(matches(nobody, ""));
    CHECK_FALSE(matches(nobody, "correct horse"));
  }
}

}  // namespace postern::accounts
