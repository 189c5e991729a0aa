#include "state/sqlite/sqlite_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "state/sqlite/attempts.hpp"
#include "state/sqlite/revocations.hpp"
#include "state/sqlite/schema.hpp"
#include "state/sqlite/sessions.hpp"
#include "state/sqlite/signing_keys.hpp"
#include "state/sqlite/sweep.hpp"
#include "state/sqlite/watcher.hpp"
#include "state/sqlite/writer.hpp"

namespace postern::state {
namespace {

class SqliteStore final : public Store {
 public:
  SqliteStore(SqliteOptions options, Database database)
      : options_(std::move(options)), writer_(std::move(database), options_.queue_limit, options_.timeout) {}

  void begin_session(Family family, RefreshToken first, Done<Begun> done) override {
    submit([family = std::move(family),
            first = std::move(first)](Database& database) { return state::begin_session(database, family, first); },
           std::move(done));
  }
  void rotate(Rotation rotation, Done<Rotated> done) override {
    submit([rotation = std::move(rotation)](Database& database) { return state::rotate(database, rotation); },
           std::move(done));
  }
  void find(std::string sid, TokenHash presented, std::string client, Millis now, Millis grace,
            Done<FoundSession> done) override {
    submit([sid = std::move(sid), presented, client = std::move(client), now,
            grace](Database& database) { return find_session(database, sid, presented, client, now, grace); },
           std::move(done));
  }

  void revoke(Revocation revocation, Done<std::uint64_t> done) override {
    submit([revocation = std::move(revocation)](Database& database) { return state::revoke(database, revocation); },
           std::move(done));
  }
  void end_sessions(std::string issuer, std::string subject, Millis until,
                    Done<std::vector<Revocation>> done) override {
    submit([issuer = std::move(issuer), subject = std::move(subject),
            until](Database& database) { return state::end_sessions(database, issuer, subject, until); },
           std::move(done));
  }
  void follow(Follower follower) override {
    watcher_.emplace(options_.file, options_.busy_timeout, options_.watch_period, std::move(follower));
  }

  void load_signing_keys(Done<SigningKeySet> done) override {
    submit([](Database& database) { return state::load_signing_keys(database); }, std::move(done));
  }
  void add_signing_key(SigningKeyRecord key, std::uint64_t version, Done<SigningKeySet> done) override {
    submit(
        [key = std::move(key), version](Database& database) { return state::add_signing_key(database, key, version); },
        std::move(done));
  }

  void count_attempt(std::vector<Attempt> attempts, Millis now, Done<Millis> done) override {
    submit([attempts = std::move(attempts),
            now](Database& database) { return state::count_attempt(database, attempts, now); },
           std::move(done));
  }
  void uncount_attempt(std::vector<Attempt> attempts, Done<Nothing> done) override {
    submit(
        [attempts = std::move(attempts)](Database& database) {
          state::uncount_attempt(database, attempts);
          return Nothing{};
        },
        std::move(done));
  }

  void sweep(Believed time, std::size_t most, Done<std::size_t> done) override {
    submit([time, most](Database& database) { return state::sweep(database, time, most); }, std::move(done));
  }

 private:
  template <class Work, class T>
  void submit(Work work, Done<T> done) {
    writer_.submit(std::move(work), std::move(done));
  }

  const SqliteOptions options_;
  Writer writer_;
  std::optional<Watcher> watcher_;
};

std::string reason(int error) {
  return std::generic_category().message(error);
}

// Makes the file when it is missing: SQLite by itself would let others read it. Nothing, or the end of a sentence.
std::optional<std::string> prepare_file(const std::string& file) {
  // Only a new file is opened here. To close one that SQLite has open in this process would give up its locks (POSIX
  // drops all of a process's locks with the first descriptor that it closes).
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (made < 0 && errno != EEXIST) return "cannot be made: " + reason(errno);
  if (made >= 0) ::close(made);
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) return "cannot be looked at: " + reason(errno);
  if (!S_ISREG(status.st_mode)) return "is no regular file";
  if (status.st_uid != ::geteuid()) return "belongs to somebody else";
  // The log and the shared memory beside it get the same rights.
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) return "may be used by others than its owner: chmod 600";
  return std::nullopt;
}

}  // namespace

tl::expected<std::unique_ptr<Store>, std::string> open_sqlite_store(const SqliteOptions& options) {
  const auto fault = [&](const std::string& what) { return tl::unexpected(options.file + " " + what); };
  if (const auto wrong = prepare_file(options.file)) return fault(*wrong);
  auto database = Database::open(options.file, options.busy_timeout);
  if (!database) return fault("cannot be opened: " + database.error().detail);
  if (const auto wrong = prepare_schema(*database)) return fault(*wrong);
  return std::make_unique<SqliteStore>(options, std::move(*database));
}

}  // namespace postern::state
