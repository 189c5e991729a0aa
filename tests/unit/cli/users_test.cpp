#include "cli/users.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "accounts/users_file.hpp"
#include "base/temporary_folder.hpp"
#include "conf/load.hpp"

namespace postern::cli {
namespace {

namespace fs = std::filesystem;

constexpr double now = 1'700'000'000.1239;

// A user file of the test's own, and what the verbs say about it.
struct Place {
  Place() {
    options.file = folder.path_of("users.yaml");
    options.password_stdin = true;
  }
  int add(const std::string& name, const std::string& input, std::vector<std::string> claims = {}) {
    options.name = name;
    options.claims = std::move(claims);
    std::istringstream in(input);
    err.str("");
    return run_users_add(options, now, in, err);
  }
  int passwd(const std::string& name, const std::string& input, double at) {
    options.name = name;
    std::istringstream in(input);
    err.str("");
    return run_users_passwd(options, at, in, err);
  }
  int remove(const std::string& name) {
    options.name = name;
    err.str("");
    return run_users_remove(options, err);
  }
  accounts::Users users() const { return *accounts::parse_users(*conf::read_file(options.file), options.file); }

  TemporaryFolder folder{"postern-users-"};
  UsersOptions options;
  std::ostringstream err;
};

bool matches(const accounts::User& user, const std::string& password) {
  return *accounts::verify_password(user.password, Secret(password));
}

}  // namespace

TEST_CASE("users add makes a file with the user, the hash of the password and the claims") {
  Place place;
  CHECK(place.add("ann", "correct horse\n", {"role=admin", "team=a=b"}) == 0);
  CHECK(place.err.str().empty());
  const accounts::Users users = place.users();
  const accounts::User& ann = users.by_name.at("ann");
  CHECK(matches(ann, "correct horse"));
  CHECK(ann.password.cost() == accounts::HashCost{});
  CHECK(ann.claims.to_text() == R"({"role":"admin","team":"a=b"})");
  CHECK(ann.changed == 1'700'000'000.123);
  CHECK(conf::read_file(place.options.file)->find("correct horse") == std::string::npos);
}

TEST_CASE("a password from standard input is one line, whichever system ended it") {
  Place place;
  CHECK(place.add("ann", "correct horse\r\n") == 0);
  CHECK(matches(place.users().by_name.at("ann"), "correct horse"));
  for (const char* lines : {"one\ntwo", "one\r\ntwo\r\n", "one\n\n", "one\rtwo"}) {
    CAPTURE(lines);
    CHECK(place.add("bob", lines) == 2);
    CHECK(place.err.str().find("more than one line") != std::string::npos);
  }
  CHECK(place.passwd("ann", "one\ntwo", now) == 2);
  CHECK(place.users().by_name.size() == 1);
}

TEST_CASE("users add refuses claims that the service says by itself, but for the subject") {
  Place place;
  CHECK(place.add("ann", "password", {"iss=https://other.example"}) == 2);
  CHECK(place.err.str().find("`iss` is the service's own to say") != std::string::npos);
  CHECK(place.add("ann", "password", {"sub=7"}) == 0);
}

TEST_CASE("users add refuses a name that is taken and leaves the user alone") {
  Place place;
  REQUIRE(place.add("ann", "first") == 0);
  CHECK(place.add("ann", "second") == 1);
  CHECK(place.err.str() == place.options.file + ": there is a user `ann` already\n");
  CHECK(matches(place.users().by_name.at("ann"), "first"));
}

TEST_CASE("The password is a line of 1 to 1024 bytes") {
  Place place;
  CHECK(place.add("b", std::string(1024, 'p') + "\n") == 0);
  CHECK(matches(place.users().by_name.at("b"), std::string(1024, 'p')));
  CHECK(place.add("c", std::string(1025, 'p')) == 2);
  CHECK(place.err.str() == "postern: the password is longer than 1024 bytes\n");
  CHECK(place.add("c", std::string(1024, 'p') + "\n\n") == 2);
  CHECK(place.add("c", "\n") == 2);
  CHECK(place.err.str() == "postern: the password is empty\n");
  CHECK(place.add("c", "") == 2);
  CHECK(place.users().by_name.size() == 1);
}

TEST_CASE("Names and claims that cannot be are usage errors, and no file is made") {
  Place place;
  CHECK(place.add("", "x") == 2);
  CHECK(place.add("a\nb", "x") == 2);
  CHECK(place.err.str() == "postern: a user's name must be 1 to 255 bytes of UTF-8 without control characters\n");
  for (const char* claim : {"role", "=admin", "role=", "="}) {
    CHECK_MESSAGE(place.add("ann", "x", {claim}) == 2, claim);
  }
  CHECK(place.err.str() == "postern: --claim =: must be a name and a value, such as `role=admin`\n");
  CHECK(place.add("ann", "x", {"a=1", "b=1", "a=2"}) == 2);
  CHECK(place.err.str() == "postern: --claim a=2: `a` is given twice\n");
  CHECK_FALSE(fs::exists(place.options.file));
}

TEST_CASE("users passwd changes the password and its time, and nothing else") {
  Place place;
  REQUIRE(place.add("ann", "first", {"role=admin"}) == 0);
  CHECK(place.passwd("ann", "second\n", now + 60) == 0);
  const accounts::Users users = place.users();
  const accounts::User& ann = users.by_name.at("ann");
  CHECK(matches(ann, "second"));
  CHECK_FALSE(matches(ann, "first"));
  CHECK(ann.changed == 1'700'000'060.123);
  CHECK(ann.claims.to_text() == R"({"role":"admin"})");
  CHECK(place.passwd("bob", "x", now) == 1);
  CHECK(place.err.str() == place.options.file + ": there is no user `bob`\n");
}

TEST_CASE("users remove takes one user away") {
  Place place;
  REQUIRE(place.add("ann", "x") == 0);
  REQUIRE(place.add("bob", "x") == 0);
  CHECK(place.remove("ann") == 0);
  CHECK(place.users().by_name.size() == 1);
  CHECK(place.remove("ann") == 1);
  CHECK(place.err.str() == place.options.file + ": there is no user `ann`\n");
}

TEST_CASE("users list prints a line for each user, without hashes") {
  Place place;
  std::ostringstream out;
  CHECK(run_users_list(place.options, out, place.err) == 78);
  CHECK(place.err.str() == "cannot read " + place.options.file + ": No such file or directory\n");
  REQUIRE(place.add("bob", "x", {"role=admin"}) == 0);
  REQUIRE(place.add("ann", "x") == 0);
  REQUIRE_FALSE(accounts::change_users_file(place.options.file, [](accounts::Users& users) {
    users.by_name.at("ann").disabled = true;
    return std::optional<std::string>();
  }));
  CHECK(run_users_list(place.options, out, place.err) == 0);
  CHECK(out.str() == "ann\tdisabled\t{}\nbob\tactive\t{\"role\":\"admin\"}\n");
}

TEST_CASE("A user file that is wrong ends every verb with 78 and stays as it is") {
  Place place;
  const std::string wrong = "users:\n  ann: {pasword: x}\n";
  std::ofstream(place.options.file) << wrong;
  std::ostringstream out;
  const std::string told = place.options.file + ":2:9: users.ann.pasword: unknown key; did you mean `password`?\n";
  CHECK(place.add("bob", "x") == 78);
  CHECK(place.err.str() == told);
  CHECK(place.passwd("ann", "x", now) == 78);
  CHECK(place.remove("ann") == 78);
  CHECK(run_users_list(place.options, out, place.err) == 78);
  CHECK(out.str().empty());
  CHECK(*conf::read_file(place.options.file) == wrong);
}

}  // namespace postern::cli
