#include "accounts/users_file.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "base/temporary_folder.hpp"

namespace postern::accounts {
namespace {

namespace fs = std::filesystem;
using Refused = std::optional<std::string>;

const PasswordHash nobody = PasswordHash::unmatched({8, 1, 1});

// A folder of the test's own with the name of a user file in it.
struct Place {
  TemporaryFolder folder{"postern-users-"};
  std::string file = folder.path_of("users.yaml");
};

Refused add(const std::string& file, const std::string& name) {
  return change_users_file(file, [&name](Users& users) -> Refused {
    users.by_name.insert_or_assign(name, User{.password = nobody});
    return std::nullopt;
  });
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}
struct stat status_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status;
}
unsigned mode_of(const fs::path& path) {
  return status_of(path).st_mode & 07777U;
}

}  // namespace

TEST_CASE("A file is made by the first change, for its owner alone, and holds what was changed") {
  const Place place;
  CHECK(add(place.file, "ann") == std::nullopt);
  CHECK(mode_of(place.file) == 0600);
  CHECK(add(place.file, "bob") == std::nullopt);
  CHECK(mode_of(place.file) == 0600);
  const auto users = parse_users(text_of(place.file), place.file);
  REQUIRE(users);
  CHECK(users->by_name.size() == 2);
  CHECK_FALSE(fs::exists(place.file + ".new"));
}

TEST_CASE("A change that is refused, or that nobody could read, leaves the file as it is") {
  const Place place;
  REQUIRE(add(place.file, "ann") == std::nullopt);
  const std::string before = text_of(place.file);
  CHECK(change_users_file(place.file, [](Users& users) -> Refused {
          users.by_name.clear();
          return "no";
        }) == place.file + ": no");
  CHECK(text_of(place.file) == before);
  CHECK(add(place.file, "b\nb")->find("a user's name must be") != std::string::npos);
  CHECK(text_of(place.file) == before);
  write(place.file, "users: [\n");
  CHECK(add(place.file, "bob")->find(place.file + ":") == 0);
  CHECK(text_of(place.file) == "users: [\n");
}

TEST_CASE("Twenty changes at once lose none") {
  const Place place;
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&place, &failed, i] { failed += add(place.file, "user" + std::to_string(i)).has_value(); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  const auto users = parse_users(text_of(place.file), place.file);
  REQUIRE(users);
  CHECK(users->by_name.size() == 20);
}

TEST_CASE("The owner, the group and the group's rights stay; others lose theirs") {
  const Place place;
  REQUIRE(add(place.file, "ann") == std::nullopt);
  fs::permissions(place.file, fs::perms(0644));
  const bool may_give_away = ::chown(place.file.c_str(), 12345, 23456) == 0;  // root alone may
  REQUIRE(add(place.file, "bob") == std::nullopt);
  CHECK(mode_of(place.file) == 0640);
  if (may_give_away) {
    CHECK(status_of(place.file).st_uid == 12345);
    CHECK(status_of(place.file).st_gid == 23456);
  }
}

TEST_CASE("A link stays a link, and what a killed process left is replaced") {
  const Place place;
  const fs::path target = place.folder.path() / "real.yaml";
  write(target, "users: {}\n");
  fs::create_symlink(target, place.file);
  fs::create_symlink("/nowhere", target.string() + ".new");
  CHECK(add(place.file, "ann") == std::nullopt);
  CHECK(fs::is_symlink(place.file));
  CHECK(text_of(target).find("ann") != std::string::npos);
}

TEST_CASE("A folder that is not there is told") {
  const Place place;
  const std::string file = place.folder.path_of("none/users.yaml");
  CHECK(add(file, "ann")->find("cannot lock " + file + ".lock: No such file") == 0);
}

TEST_CASE("The users are read again when the file is another one, and only then") {
  const Place place;
  REQUIRE(add(place.file, "ann") == std::nullopt);
  std::vector<std::string> complaints;
  const auto opened = UsersFile::open(place.file, [&](const std::string& problem) { complaints.push_back(problem); });
  REQUIRE(opened);
  UsersFile& file = **opened;
  const auto first = file.users();
  CHECK(first->by_name.contains("ann"));
  CHECK(file.users() == first);
  REQUIRE(add(place.file, "bob") == std::nullopt);
  const auto second = file.users();
  CHECK(second->by_name.contains("bob"));
  CHECK_FALSE(first->by_name.contains("bob"));
  CHECK(file.users() == second);
  CHECK(complaints.empty());
}

TEST_CASE("A new file that cannot be used leaves the users that were known, and is told once") {
  const Place place;
  REQUIRE(add(place.file, "ann") == std::nullopt);
  std::vector<std::string> complaints;
  const auto opened = UsersFile::open(place.file, [&](const std::string& problem) { complaints.push_back(problem); });
  REQUIRE(opened);
  UsersFile& file = **opened;
  const auto known = file.users();
  write(place.file, "users: {ann: {password: x}}\n");
  for (int i = 0; i < 3; ++i) CHECK(file.users() == known);
  REQUIRE(complaints.size() == 1);
  CHECK(complaints[0].find(place.file + ":1:25: users.ann.password: ") == 0);
  fs::remove(place.file);
  for (int i = 0; i < 3; ++i) CHECK(file.users() == known);
  REQUIRE(complaints.size() == 2);
  CHECK(complaints[1] == "cannot read " + place.file + ": No such file or directory");
  REQUIRE(add(place.file, "bob") == std::nullopt);
  CHECK(file.users()->by_name.contains("bob"));
  CHECK(complaints.size() == 2);
}

TEST_CASE("A version that could not be read is read as soon as it can be, and is told once") {
  const Place place;
  REQUIRE(add(place.file, "ann") == std::nullopt);
  std::vector<std::string> complaints;
  const auto opened = UsersFile::open(place.file, [&](const std::string& problem) { complaints.push_back(problem); });
  REQUIRE(opened);
  REQUIRE(add(place.file, "bob") == std::nullopt);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit none{0, limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  for (int i = 0; i < 3; ++i) CHECK_FALSE((*opened)->users()->by_name.contains("bob"));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(complaints == std::vector{"cannot read " + place.file + ": Too many open files"});
  CHECK((*opened)->users()->by_name.contains("bob"));
}

TEST_CASE("A file that cannot be used is not opened") {
  const Place place;
  CHECK(UsersFile::open(place.file, [](const std::string&) {}).error() ==
        "cannot read " + place.file + ": No such file or directory");
  write(place.file, "user: {}\n");
  CHECK(UsersFile::open(place.file, [](const std::string&) {}).error() ==
        place.file + ":1:1: user: unknown key; did you mean `users`?");
}

}  // namespace postern::accounts
