#include "state/sqlite/statement.hpp"

#include <sqlite3.h>

#include <utility>

namespace postern::state {
namespace {

StoreError::Kind kind_of(int code) noexcept {
  switch (code & 0xFF) {  // the rest makes an extended code
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
      return StoreError::Kind::busy;
    case SQLITE_READONLY:
    case SQLITE_FULL:
      return StoreError::Kind::read_only;
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return StoreError::Kind::refused;
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      return StoreError::Kind::unreachable;
    default:
      return StoreError::Kind::damaged;
  }
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const noexcept {
  sqlite3_close(handle);
}

void Database::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

tl::expected<Database, StoreError> Database::open(const std::string& file, std::chrono::milliseconds busy_timeout) {
  sqlite3* handle = nullptr;
  // No mutex: a connection stays with one thread.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  Database database(handle);  // to be closed after a failure, too
  if (code != SQLITE_OK) return tl::unexpected(StoreError{kind_of(code), sqlite3_errstr(code)});
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  return database;
}

void Database::run(const char* sql) {
  if (failed()) return;
  if (const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr); code != SQLITE_OK) fail(code);
}

std::optional<StoreError> Database::take_error() {
  return std::exchange(error_, std::nullopt);
}

void Database::fail_damaged(std::string detail) {
  if (!failed()) error_ = StoreError{StoreError::Kind::damaged, std::move(detail)};
}

bool Database::in_transaction() const noexcept {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

std::int64_t Database::changed_rows() const noexcept {
  return sqlite3_changes64(handle_.get());
}

sqlite3_stmt* Database::prepared(std::string_view sql) {
  if (failed()) return nullptr;
  auto& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* made = nullptr;
    const int size = static_cast<int>(sql.size());
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), size, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    statement.reset(made);
    if (code != SQLITE_OK) fail(code);
  }
  return statement.get();
}

void Database::fail(int code) {
  if (!failed()) error_ = StoreError{kind_of(code), sqlite3_errmsg(handle_.get())};
}

Query::~Query() {
  if (handle_ == nullptr) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);  // they point at the caller's values
}

bool Query::next() {
  if (handle_ == nullptr || database_.failed()) return false;
  const int code = sqlite3_step(handle_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) database_.fail(code);
  return code == SQLITE_ROW;
}

std::int64_t Query::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}

std::optional<std::int64_t> Query::optional_integer(int column) const {
  if (sqlite3_column_type(handle_, column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string Query::text(int column) const {
  const void* const bytes = sqlite3_column_blob(handle_, column);  // null when there are none
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void Query::bind(int at, std::int64_t value) {
  check(sqlite3_bind_int64(handle_, at, value));
}

void Query::bind(int at, const std::optional<std::int64_t>& value) {
  if (value) bind(at, *value);  // otherwise NULL, as everything that is not bound
}

void Query::bind(int at, std::string_view text) {
  // A null pointer would be NULL instead of an empty text.
  const char* const bytes = text.data() == nullptr ? "" : text.data();
  check(sqlite3_bind_text64(handle_, at, bytes, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Query::bind(int at, Blob blob) {
  const char* const bytes = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
  check(sqlite3_bind_blob64(handle_, at, bytes, blob.bytes.size(), SQLITE_STATIC));
}

void Query::check(int code) {
  if (handle_ != nullptr && code != SQLITE_OK) database_.fail(code);
}

}  // namespace postern::state
