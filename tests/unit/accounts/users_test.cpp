#include "accounts/users.hpp"

#include <doctest/doctest.h>

namespace postern::accounts {
namespace {

const std::string hash =
    "$argon2id$v=19$m=16,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$oYHPzCuaEG57t79HkMA1WuwYqRqkcqU42MH3ePTTA3g";
const std::string hash_line = "    password: \"" + hash + "\"\n";

Users parsed(const std::string& yaml) {
  auto users = parse_users(yaml, "u.yaml");
  REQUIRE_MESSAGE(users, users.error());
  return std::move(*users);
}

std::string fault_of(const std::string& yaml) {
  const auto users = parse_users(yaml, "u.yaml");
  return users ? "parsed" : users.error();
}

std::string with_claims(const std::string& claims) {
  return "users:\n  ann:\n" + hash_line + "    claims: " + claims + "\n";
}

}  // namespace

TEST_CASE("A user has a password's hash, and may have claims, a time of change, and be disabled") {
  const Users users = parsed("users:\n  ann:\n" + hash_line +
                             "    claims: {role: admin, level: 3, tags: [a, \"7\"]}\n    changed: 1700000000.25\n"
                             "  \"b@x.example\": {password: \"" +
                             hash + "\", disabled: true}\n");
  REQUIRE(users.by_name.size() == 2);
  const User& ann = users.by_name.at("ann");
  CHECK(ann.password.text() == hash);
  CHECK(ann.claims.to_text() == R"({"role":"admin","level":3,"tags":["a","7"]})");
  CHECK(ann.changed == 1700000000.25);
  CHECK_FALSE(ann.disabled);
  const User& bob = users.by_name.at("b@x.example");
  CHECK(bob.claims.to_text() == "{}");
  CHECK(bob.changed == 0);
  CHECK(bob.disabled);
}

TEST_CASE("A file without users is one, an empty file is not") {
  CHECK(parsed("users: {}\n").by_name.empty());
  CHECK(parsed("{}\n").by_name.empty());
  CHECK(fault_of("") == "u.yaml:1:1: configuration: has no value; expected a map");
  CHECK(fault_of("users:\n") == "u.yaml:1:1: users: has no value; expected a map");
  CHECK(fault_of("- ann\n") == "u.yaml:1:1: configuration: expected a map, got a list");
}

TEST_CASE("Every problem is told with its line and column, unknown keys with the one that was meant") {
  CHECK(fault_of("users:\n  ann: {pasword: x}\n  bob: {password: secret, claim: {a: 1}}\n  cid: 7\nuser: {}\n") ==
        "u.yaml:2:9: users.ann.pasword: unknown key; did you mean `password`?\n"
        "u.yaml:3:19: users.bob.password: is no argon2id hash of version 19: it must begin with `$argon2id$v=19$`\n"
        "u.yaml:3:27: users.bob.claim: unknown key; did you mean `claims`?\n"
        "u.yaml:4:8: users.cid: expected a map, got a single value\n"
        "u.yaml:4:8: users.cid.password: is required\n"
        "u.yaml:5:1: user: unknown key; did you mean `users`?");
  CHECK(fault_of("users:\n  ann: {}\n") == "u.yaml:2:3: users.ann.password: is required");
  CHECK(fault_of("users:\n  ann:\n" + hash_line + "  bob:\n" + hash_line + "  ann:\n" + hash_line)
            .find("u.yaml:6:3: users.ann: ") == 0);
  CHECK(fault_of("users:\n  ann:\n" + hash_line + "    disabled: yes\n") ==
        "u.yaml:4:15: users.ann.disabled: expected `true` or `false`");
  CHECK(fault_of("users: {ann: {password: \"x").find("u.yaml:1:") == 0);
}

TEST_CASE("A wrong hash is told without being repeated") {
  const std::string told = fault_of("users: {ann: {password: \"$argon2id$v=19$m=1,t=1,p=1$c2FsdHNhbHQ$SECRET\"}}\n");
  CHECK(told.find("u.yaml:1:25: users.ann.password: its costs must be") == 0);
  CHECK(told.find("SECRET") == std::string::npos);
  const std::string unquoted = fault_of("users:\n  ann: {password: $argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$SECRET}\n");
  CHECK(unquoted.find("is no whole hash") != std::string::npos);
  CHECK(unquoted.find("users.ann[\"p=1...: unknown key") != std::string::npos);
  CHECK(unquoted.find("SECRET") == std::string::npos);
}

TEST_CASE("A name has 1 to 255 bytes of UTF-8 without control characters") {
  CHECK_FALSE(judge_name("a"));
  CHECK_FALSE(judge_name("Zoë van 't Hof <zoe@x.example>"));
  CHECK_FALSE(judge_name(std::string(255, 'n')));
  for (const std::string& name : {std::string(), std::string(256, 'n'), std::string("a\nb"), std::string("a\0b", 3),
                                  std::string("a\x7F"), std::string("\xFF"), std::string("\xC3")}) {
    CHECK(judge_name(name) == "a user's name must be 1 to 255 bytes of UTF-8 without control characters");
  }
  CHECK(fault_of("users:\n  " + std::string(256, 'n') + ":\n" + hash_line).find("u.yaml:2:3: users.nnn") == 0);
  CHECK(fault_of("users:\n  \"a\\nb\":\n" + hash_line) ==
        "u.yaml:2:3: users[\"a\\x0ab\"]: a user's name must be 1 to 255 bytes of UTF-8 without control characters");
}

TEST_CASE("Claims are a map of at most 4096 bytes whose `sub` is a text") {
  CHECK(fault_of(with_claims("admin")) == "u.yaml:4:13: users.ann.claims: expected a map");
  CHECK(fault_of(with_claims("[admin]")) == "u.yaml:4:5: users.ann.claims: expected a map");
  CHECK(*parsed(with_claims("{sub: u-1}")).by_name.at("ann").claims.find("sub")->string() == "u-1");
  for (const char* subject : {"7", "\"\"", "[a]", "true", "null"}) {
    CHECK_MESSAGE(fault_of(with_claims("{sub: " + std::string(subject) + "}")) ==
                      "u.yaml:4:5: users.ann.claims: `sub` must be a text that is not empty",
                  subject);
  }
  const std::string too_much = "u.yaml:4:5: users.ann.claims: must be at most 4096 bytes as JSON, and not nested deep";
  CHECK(fault_of(with_claims("{a: " + std::string(4096 - 8, 'x') + "}")) == "parsed");
  CHECK(fault_of(with_claims("{a: " + std::string(4096 - 7, 'x') + "}")) == too_much);
  CHECK(fault_of(with_claims("{a: " + std::string(31, '[') + std::string(31, ']') + "}")) == "parsed");
  CHECK(fault_of(with_claims("{a: " + std::string(32, '[') + std::string(32, ']') + "}")) == too_much);
}

TEST_CASE("The time of change is a number of seconds, not negative") {
  for (const char* changed : {"-1", "soon", "\"1\"", "1e400", "true", "[1]"}) {
    CHECK_MESSAGE(fault_of("users:\n  ann:\n" + hash_line + "    changed: " + changed + "\n") != "parsed", changed);
  }
  CHECK(fault_of("users:\n  ann:\n" + hash_line + "    changed: soon\n") ==
        "u.yaml:4:14: users.ann.changed: expected Unix seconds");
}

TEST_CASE("What is written is read back the same") {
  Users users;
  const PasswordHash password = *PasswordHash::parse(hash);
  users.by_name.emplace("ann", User{password, *parse_json(R"({"sub":"u-1","n":1.50,"yes":"no","x":[null,true,{}]})"),
                                    true, 1700000000.123456});
  users.by_name.emplace(
      "true", User{password, *parse_json(R"({"a.b":"1e5","<<":"~","":" x: #y\n\u00e9\u2028"})"), false, 5e-324});
  users.by_name.emplace("o'neil \"x\": #1", User{password, Json(Json::Object{}), false, 0});
  const Users again = parsed(format_users(users));
  REQUIRE(again.by_name.size() == 3);
  for (const auto& entry : users.by_name) {
    CAPTURE(entry.first);
    const User& read = again.by_name.at(entry.first);
    CHECK(read.password.text() == entry.second.password.text());
    CHECK(read.claims == entry.second.claims);
    CHECK(read.disabled == entry.second.disabled);
    CHECK(read.changed == entry.second.changed);
  }
  CHECK(format_users(again) == format_users(users));
  CHECK(format_users(Users{}) == "# Written by `postern users`, which keeps no other comment.\nusers: {}\n");
}

TEST_CASE("The usual cost is that of most users") {
  const auto user_with = [](const char* cost) {
    return std::string(": {password: \"$argon2id$v=19$") + cost + "$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAA\"}\n";
  };
  CHECK(parsed("users: {}\n").usual_cost == HashCost{});
  const Users users = parsed("users:\n  a" + user_with("m=16,t=1,p=1") + "  b" + user_with("m=32,t=1,p=1") + "  c" +
                             user_with("m=32,t=1,p=1"));
  CHECK(users.usual_cost == HashCost{32, 1, 1});
}

}  // namespace postern::accounts
