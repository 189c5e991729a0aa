// What is SQLite's alone: the file, and the queue before it.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include "state/sqlite/statement.hpp"
#include "tests/store/stores.hpp"

namespace postern::state {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

std::string refusal(const SqlitePlace& place) {
  const auto store = open_sqlite_store(place.options);
  return store ? "opened" : store.error();
}

Database raw(const SqlitePlace& place) {
  auto database = Database::open(place.options.file, std::chrono::seconds(5));
  REQUIRE(database);
  return std::move(*database);
}

std::int64_t number_of(Database& database, std::string_view sql) {
  Query query(database, sql);
  REQUIRE(query.next());
  return query.integer(0);
}

Revocation any_revocation() {
  return {Revocation::Kind::jti, "https://id.example", "j", {}, 9'000'000};
}

// Holds the file's write lock while it is there.
struct Lock {
  explicit Lock(const SqlitePlace& place) : database(raw(place)) {
    database.run("BEGIN IMMEDIATE");
    REQUIRE_FALSE(database.failed());
  }
  ~Lock() { database.run("ROLLBACK"); }
  Database database;
};

}  // namespace

TEST_CASE("A new file, its log and its shared memory are the owner's alone") {
  const SqlitePlace place;
  const mode_t before = ::umask(0);
  const auto store = place.open();
  Waiting{*store}.revoke(any_revocation());
  ::umask(before);
  for (const char* suffix : {"", "-wal", "-shm"}) CHECK(mode_of(place.options.file + suffix) == 0600);
}

TEST_CASE("A file that others may use is refused") {
  const SqlitePlace place;
  place.open();
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601}) {
    CAPTURE(mode);
    REQUIRE(::chmod(place.options.file.c_str(), mode) == 0);
    CHECK(refusal(place) == place.options.file + " may be used by others than its owner: chmod 600");
  }
  REQUIRE(::chmod(place.options.file.c_str(), 0600) == 0);
  CHECK(refusal(place) == "opened");
}

TEST_CASE("What is no file of this program is refused, and left as it is") {
  const SqlitePlace place;
  const std::string& file = place.options.file;
  SUBCASE("no database") {
    const std::string text(5000, 'x');
    std::ofstream(file) << text;
    REQUIRE(::chmod(file.c_str(), 0600) == 0);
    CHECK(refusal(place) == file + " cannot be used: file is not a database");
    std::ifstream in(file);
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == text);
  }
  SUBCASE("another program's") {
    REQUIRE(::close(::creat(file.c_str(), 0600)) == 0);
    raw(place).run("CREATE TABLE t(x)");
    CHECK(refusal(place) == file + " is another program's database");
    Database database = raw(place);
    CHECK(number_of(database, "SELECT count(*) FROM sqlite_schema") == 1);
    Query mode(database, "PRAGMA journal_mode");
    REQUIRE(mode.next());
    CHECK(mode.text(0) == "delete");
  }
  SUBCASE("of a newer schema") {
    place.open();
    raw(place).run("PRAGMA user_version = 2");
    CHECK(refusal(place) == file + " has schema 2, this postern knows 1");
  }
  SUBCASE("a directory") {
    fs::create_directory(file);
    CHECK(refusal(place) == file + " is no regular file");
  }
  SUBCASE("a symbolic link") {
    fs::create_symlink("elsewhere", file);
    CHECK(refusal(place) == file + " is no regular file");
    CHECK_FALSE(fs::exists(place.folder.path() / "elsewhere"));
  }
  SUBCASE("in no directory") {
    fs::remove(place.folder.path());
    CHECK(refusal(place) == file + " cannot be made: No such file or directory");
  }
}

TEST_CASE("An empty file is taken, and several that open a new one at once all get it") {
  const SqlitePlace place;
  REQUIRE(::close(::creat(place.options.file.c_str(), 0600)) == 0);
  std::vector<std::string> refusals(8);
  std::vector<std::thread> threads;
  for (std::string& told : refusals) threads.emplace_back([&told, &place] { told = refusal(place); });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& told : refusals) CHECK(told == "opened");
}

TEST_CASE("What was committed is there when the file is opened again") {
  const SqlitePlace place;
  Waiting{*place.open()}.begin(family_of("s"), hash_of(1), 1500);
  CHECK(Waiting{*place.open()}.find("s", hash_of(1), 1100).presented == Presented::current);
}

TEST_CASE("The calls that gathered meanwhile are one commit, and on disk when the first of them is answered") {
  const SqlitePlace place;
  const auto store = place.open();
  Database database = raw(place);
  std::promise<std::int64_t> committed;
  // On the writer's own thread, so that all of them wait when it goes on.
  store->load_signing_keys([&](const tl::expected<SigningKeySet, StoreError>&) {
    store->revoke(any_revocation(), [&](const tl::expected<std::uint64_t, StoreError>&) {
      committed.set_value(number_of(database, "SELECT count(*) FROM revocations"));
    });
    for (int i = 1; i < 100; ++i)
      store->revoke(any_revocation(), [](const tl::expected<std::uint64_t, StoreError>&) {});
  });
  auto count = committed.get_future();
  REQUIRE(count.wait_for(patience) == std::future_status::ready);
  CHECK(count.get() == 100);
}

TEST_CASE("As many calls wait as the queue takes, one more is refused at once") {
  SqlitePlace place;
  place.options.queue_limit = 3;
  const auto store = place.open();
  std::promise<void> entered, go_on;
  // The writer is held here, so that everything else waits.
  store->load_signing_keys([&](const tl::expected<SigningKeySet, StoreError>&) {
    entered.set_value();
    go_on.get_future().wait();
  });
  entered.get_future().wait();
  std::vector<Answer<std::uint64_t>> taken(3);
  for (auto& answer : taken) store->revoke(any_revocation(), answer.done());
  Answer<std::uint64_t> refused;
  store->revoke(any_revocation(), refused.done());
  const bool is_told = refused.future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  go_on.set_value();
  REQUIRE(is_told);
  const auto outcome = refused.wait();
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().kind == StoreError::Kind::busy);
  for (auto& answer : taken) CHECK(answer.wait().has_value());
}

TEST_CASE(
    "A rotation that its caller has given up is not done when the disk goes on, and its token is as good as before") {
  SqlitePlace place;
  const auto other = place.open();
  const Waiting waiting{*other};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  place.options.timeout = std::chrono::milliseconds(50);
  const auto store = place.open();
  std::promise<void> entered, go_on;
  store->load_signing_keys([&](const tl::expected<SigningKeySet, StoreError>&) {
    entered.set_value();
    go_on.get_future().wait();
  });
  entered.get_future().wait();
  Answer<Rotated> given_up;
  store->rotate(rotation_of("s", 1, 2, 1100), given_up.done());
  const bool is_given_up = given_up.future.wait_for(place.options.timeout) == std::future_status::timeout;
  go_on.set_value();
  REQUIRE(is_given_up);
  const auto outcome = given_up.wait();
  // Later than the grace of the first attempt: this would be reuse.
  CHECK(waiting.rotate(rotation_of("s", 1, 3, 1200)).presented == Presented::current);
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().kind == StoreError::Kind::unreachable);
  CHECK(outcome.error().detail == "the call has waited for too long");
}

TEST_CASE("While another process writes for longer than the busy timeout calls fail, and then succeed again") {
  SqlitePlace place;
  place.options.busy_timeout = std::chrono::milliseconds(20);
  const auto store = place.open();
  {
    const Lock lock(place);
    Answer<std::uint64_t> answer;
    store->revoke(any_revocation(), answer.done());
    const auto outcome = answer.wait();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().kind == StoreError::Kind::busy);
  }
  CHECK(Waiting{*store}.revoke(any_revocation()) == 1);
}

TEST_CASE("A call that fails leaves its neighbours of the same commit as they are") {
  const SqlitePlace place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  Answer<std::uint64_t> before, after;
  Answer<Rotated> failed;
  {
    const Lock lock(place);
    store->revoke(any_revocation(), before.done());
    store->rotate(rotation_of("s", 1, 1, 1100), failed.done());  // its successor has a hash that is there
    store->revoke(any_revocation(), after.done());
  }
  CHECK(before.value() == 1);
  CHECK_FALSE(failed.wait().has_value());
  CHECK(after.value() == 2);
  CHECK(waiting.find("s", hash_of(1), 1100).presented == Presented::current);
}

TEST_CASE("On a disk that takes no more calls fail, and succeed again when it does") {
  const SqlitePlace place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit full = before;
  full.rlim_cur = fs::file_size(place.options.file + "-wal");
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &full) == 0);
  Answer<Rotated> answer;
  store->rotate(rotation_of("s", 1, 2, 1100), answer.done());
  const auto outcome = answer.wait();
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK_FALSE(outcome.has_value());
  CHECK(waiting.find("s", hash_of(1), 1100).presented == Presented::current);
  CHECK(waiting.rotate(rotation_of("s", 1, 2, 1100)).presented == Presented::current);
}

TEST_CASE("A file that was restored from a copy is told to followers as a whole") {
  std::promise<std::size_t> first, second;
  int completed = 0;
  const SqlitePlace place;
  const auto store = place.open();
  for (int i = 0; i < 3; ++i) Waiting{*store}.revoke(any_revocation());
  store->follow({.complete =
                     [&](std::vector<SequencedRevocation> all) {
                       if (++completed <= 2) (completed == 1 ? first : second).set_value(all.size());
                     },
                 .added = [](std::vector<SequencedRevocation>) {},
                 .caught_up = [](Millis) {},
                 .failed = [](const StoreError&) {}});
  CHECK(first.get_future().get() == 3);
  raw(place).run("BEGIN; DELETE FROM revocations WHERE number > 1; UPDATE sqlite_sequence SET seq = 1; COMMIT");
  auto told = second.get_future();
  REQUIRE(told.wait_for(patience) == std::future_status::ready);
  CHECK(told.get() == 1);
}

TEST_CASE("A session ended by reuse and its revocation are one step for every reader") {
  const SqlitePlace place;
  const auto store = place.open();
  const Waiting waiting{*store};
  std::atomic<bool> is_over = false;
  int torn = 0;
  std::thread reader([&] {
    Database database = raw(place);
    while (!is_over) {
      torn += number_of(database,
                        "SELECT (SELECT count(*) FROM families WHERE ended = 1) <> "
                        "(SELECT count(*) FROM revocations)") != 0;
    }
  });
  for (std::uint64_t i = 0; i < 100; ++i) {
    const std::string sid = "s" + std::to_string(i);
    waiting.begin(family_of(sid), hash_of(10 * i), 1500);
    waiting.rotate(rotation_of(sid, 10 * i, 10 * i + 1, 1100));
    CHECK(waiting.rotate(rotation_of(sid, 10 * i, 10 * i + 2, 1200)).presented == Presented::reused);
  }
  is_over = true;
  reader.join();
  CHECK(torn == 0);
}

TEST_CASE("A sealed successor leaves the file with the grace") {
  const SqlitePlace place;
  const auto store = place.open();
  const Waiting waiting{*store};
  waiting.begin(family_of("s"), hash_of(1), 1500);
  waiting.rotate(rotation_of("s", 1, 2, 1100));
  Database database = raw(place);
  CHECK(number_of(database, "SELECT count(*) FROM refresh_tokens WHERE sealed IS NOT NULL") == 1);
  waiting.sweep(1110);
  CHECK(number_of(database, "SELECT count(*) FROM refresh_tokens WHERE sealed IS NOT NULL") == 0);
}

}  // namespace postern::state
