// Owners of SQLite's objects, so that no sqlite3_* call stands anywhere else.
//
// A failure sticks: once a statement has failed, those that follow on the same connection do nothing and give no rows
// until take_error(). A unit of work is therefore written straight on, and its outcome thrown away when there is an
// error at its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "state/store.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace postern::state {

// A connection. One thread at a time uses it.
class Database {
 public:
  // The file must be there. A lock that another connection holds is waited for, as long as `busy_timeout`.
  static tl::expected<Database, StoreError> open(const std::string& file, std::chrono::milliseconds busy_timeout);

  // Statements without parameters and rows, separated by `;`.
  void run(const char* sql);

  // The first failure since the last call, which is forgotten: statements run again.
  std::optional<StoreError> take_error();
  bool failed() const noexcept { return error_.has_value(); }
  // For a row that makes no sense, as if a statement had found it.
  void fail_damaged(std::string detail);

  bool in_transaction() const noexcept;        // false also after an error that made SQLite roll it back
  std::int64_t changed_rows() const noexcept;  // by the last INSERT, UPDATE or DELETE

 private:
  friend class Query;
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}
  sqlite3_stmt* prepared(std::string_view sql);
  void fail(int code);

  std::unique_ptr<sqlite3, Close> handle_;
  std::map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;  // by their text, a literal
  std::optional<StoreError> error_;
};

// Bytes that are no text.
struct Blob {
  std::string_view bytes;
};

// One run of a statement, which is prepared at its first use. `sql` is a literal, the values outlive the query.
class Query {
 public:
  template <class... Values>
  Query(Database& database, std::string_view sql, const Values&... values)
      : database_(database), handle_(database.prepared(sql)) {
    int at = 0;
    (bind(++at, values), ...);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  bool next();  // a row; false: the end, or a failure
  std::int64_t integer(int column) const;
  std::optional<std::int64_t> optional_integer(int column) const;
  std::string text(int column) const;  // of text or a blob

 private:
  void bind(int at, std::int64_t value);
  void bind(int at, const std::optional<std::int64_t>& value);
  void bind(int at, std::string_view text);
  void bind(int at, Blob blob);
  void check(int code);

  Database& database_;
  sqlite3_stmt* handle_;  // null: the connection had failed before
};

// Runs a statement whose rows, if any, are of no interest.
template <class... Values>
void execute(Database& database, std::string_view sql, const Values&... values) {
  Query(database, sql, values...).next();
}

}  // namespace postern::state
