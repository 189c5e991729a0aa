#include "cli/keys.hpp"

#include <doctest/doctest.h>

#include <string>

#include "cli/command_line.hpp"

namespace postern::cli {
namespace {

constexpr const char* heading = "KID  ALG  PHASE  SIGNS FROM  SIGNS UNTIL  RETIRED\n";

std::string one_key(const std::string& members) {
  return R"({"keys":[{"kid":"a","alg":"ES256","phase":"signing","created":0,)" + members + "}]}";
}

template <class Wanted>
KeysOptions parsed(const std::vector<std::string>& words) {
  const auto invocation = parse_command_line(words, [](const std::string&) { return std::nullopt; });
  REQUIRE(invocation);
  REQUIRE(std::holds_alternative<Wanted>(invocation->verb));
  return std::get<Wanted>(invocation->verb).options;
}

int exit_code_of(const std::vector<std::string>& words) {
  const auto invocation = parse_command_line(words, [](const std::string&) { return std::nullopt; });
  return invocation ? -1 : invocation.error().exit_code;
}

}  // namespace

TEST_CASE("keys list and keys rotate take the admin listener's address, or a file that has it") {
  const KeysOptions listed = parsed<KeysList>({"keys", "list"});
  CHECK(listed.admin.admin.empty());
  CHECK(listed.admin.config_file.empty());
  CHECK(!listed.json);
  const KeysOptions rotated = parsed<KeysRotate>({"keys", "rotate", "--json", "--admin", "[::1]:1"});
  CHECK(rotated.admin.admin == "[::1]:1");
  CHECK(rotated.json);
  CHECK(parsed<KeysRotate>({"keys", "rotate", "-c", "f"}).admin.config_file == "f");
}

TEST_CASE("keys alone, and with what it does not know, is a usage error") {
  CHECK(exit_code_of({"keys"}) == 2);
  CHECK(exit_code_of({"keys", "remove"}) == 2);
  CHECK(exit_code_of({"keys", "list", "kid"}) == 2);
}

TEST_CASE("Signing keys are a table whose columns stand beneath each other") {
  const std::string answer =
      R"({"keys":[{"kid":"first","alg":"ES256","phase":"verifying","created":1,"signs_from":1700000000,)"
      R"("signs_until":1702592000,"retired":1702592960},)"
      R"({"kid":"the-second","alg":"RS256","phase":"signing","created":2,"signs_from":0,"signs_until":1,"retired":2}]})";
  CHECK(keys_table(answer) ==
        "KID         ALG    PHASE      SIGNS FROM            SIGNS UNTIL           RETIRED\n"
        "first       ES256  verifying  2023-11-14T22:13:20Z  2023-12-14T22:13:20Z  2023-12-14T22:29:20Z\n"
        "the-second  RS256  signing    1970-01-01T00:00:00Z  1970-01-01T00:00:01Z  1970-01-01T00:00:02Z\n");
}

TEST_CASE("Without keys the table is its heading") {
  CHECK(keys_table(R"({"keys":[]})") == heading);
}

TEST_CASE("That the store could not be asked stands beneath the keys") {
  CHECK(keys_table(R"({"keys":[],"error":"it is gone"})") ==
        heading + std::string("As the gateway remembers them; its store: it is gone\n"));
}

TEST_CASE("The last instant with a year of four digits is a time, the next is none") {
  const std::string before = R"("signs_from":0,"signs_until":0,"retired":)";
  const auto table = keys_table(one_key(before + "253402300799"));
  REQUIRE(table);
  CHECK(table->ends_with("9999-12-31T23:59:59Z\n"));
  CHECK(!keys_table(one_key(before + "253402300800")));
  CHECK(!keys_table(one_key(before + "-1")));
  CHECK(!keys_table(one_key(before + "\"0\"")));
}

TEST_CASE("What is no list of signing keys is refused with a sentence") {
  for (const char* answer :
       {"", "ready", "[]", "{}", R"({"keys":{}})", R"({"keys":[1]})", R"({"keys":[{"kid":"a"}]})",
        R"({"keys":[{"kid":1,"alg":"a","phase":"p","signs_from":0,"signs_until":0,"retired":0}]})"}) {
    const auto table = keys_table(answer);
    REQUIRE_MESSAGE(!table, answer);
    CHECK(table.error() == "the admin listener's answer is no list of signing keys");
  }
}

}  // namespace postern::cli
