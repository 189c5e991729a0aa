#include "gateway/access_log.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>

namespace postern {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto gather_time = 50ms;                // lines of that time are written together
constexpr std::size_t gather_bytes = 64 << 10;    // or as soon as so much waits
constexpr auto retry_time = 200ms;                // after a full disk or a reader that does not read
constexpr auto tell_pause = 10s;                  // between two messages about losses
constexpr std::size_t kept_capacity = 256 << 10;  // more is given back after a burst

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

// Opens for appending. A pipe without a reader yet is no reason to refuse the start.
int open_file(const std::string& path) {
  constexpr int flags = O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK;
  const int fd = ::open(path.c_str(), O_WRONLY | flags, 0640);
  return fd < 0 && errno == ENXIO ? ::open(path.c_str(), O_RDWR | flags, 0640) : fd;
}

// What a write may take at once. Others may share the description of stdout, so it is never made non-blocking: after
// poll() a pipe takes PIPE_BUF bytes without blocking.
std::size_t piece_size(int fd) {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) ? AccessLog::max_queued_bytes : PIPE_BUF;
}

// Errors that end by themselves when an operator makes room or the reader wakes up.
bool may_pass(int error) {
  return error == EAGAIN || error == EINTR || error == ENOSPC || error == EDQUOT || error == EFBIG;
}

}  // namespace

// Shared by the log and its thread: a thread that hangs in a write (a dead network file system) is left behind with it.
struct AccessLog::State {
  std::string path;  // empty: stdout
  int fd = -1;
  std::atomic<std::uint64_t> dropped = 0;
  std::uint64_t told = 0;  // of the dropped lines, in the program's own log
  Clock::time_point tell_again;

  std::mutex mutex;
  std::condition_variable changed;
  std::string waiting;      // lines to write next
  std::size_t in_hand = 0;  // bytes that the thread has taken and not written
  bool reopen = false;
  bool stopping = false;
  bool finished = false;
  Clock::time_point deadline = Clock::time_point::max();  // known once stopping

  ~State() {
    if (!path.empty() && fd >= 0) ::close(fd);
  }

  void run();
  bool take(std::string& lines);
  void write(std::string_view lines);
  bool write_piece(std::string_view& lines, std::size_t piece);
  bool wait_to_retry(int error);
  void drop(std::string_view lines);
  void tell_losses();
  void open_again();
};

// The thread: gather, write, tell of losses.
void AccessLog::State::run() {
  sigset_t all;  // also SIGPIPE and SIGXFSZ, which a write would raise; signals of the program go to another thread
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::string lines;
  while (take(lines)) {
    write(lines);
    lines.clear();
    if (lines.capacity() > kept_capacity) lines.shrink_to_fit();
    if (Clock::now() >= tell_again) tell_losses();
  }
  tell_losses();
  const std::lock_guard lock(mutex);
  finished = true;
  changed.notify_all();
}

// Waits for lines and gathers for a moment; false when everything is written and the log ends.
bool AccessLog::State::take(std::string& lines) {
  std::unique_lock lock(mutex);
  in_hand = 0;
  changed.wait(lock, [this] { return stopping || reopen || !waiting.empty(); });
  changed.wait_for(lock, gather_time, [this] { return stopping || reopen || waiting.size() >= gather_bytes; });
  lines.swap(waiting);
  in_hand = lines.size();
  const bool open_first = std::exchange(reopen, false);
  const bool more = !lines.empty() || !stopping;
  lock.unlock();
  if (open_first) open_again();
  return more;
}

void AccessLog::State::write(std::string_view lines) {
  const std::size_t piece = piece_size(fd);
  while (!lines.empty()) {
    if (!write_piece(lines, piece)) return drop(lines);
  }
}

// False when the rest is to be given up.
bool AccessLog::State::write_piece(std::string_view& lines, std::size_t piece) {
  pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
  const int polled = ::poll(&ready, 1, static_cast<int>(retry_time / 1ms));
  if (polled <= 0) return wait_to_retry(polled == 0 ? ETIMEDOUT : errno);
  const ssize_t written = ::write(fd, lines.data(), std::min(piece, lines.size()));
  if (written < 0) return wait_to_retry(errno);
  lines.remove_prefix(static_cast<std::size_t>(written));
  const std::lock_guard lock(mutex);
  in_hand = lines.size();
  return !stopping || Clock::now() < deadline;
}

// Whether writing shall go on after that error. poll() has waited already for a reader; a disk has to be waited for
// here.
bool AccessLog::State::wait_to_retry(int error) {
  std::unique_lock lock(mutex);
  if (error != ETIMEDOUT) {
    if (!may_pass(error)) return false;
    if (error != EINTR) changed.wait_for(lock, retry_time, [this] { return stopping || reopen; });
  }
  if (stopping) return (error == ETIMEDOUT || error == EAGAIN) && Clock::now() < deadline;
  if (std::exchange(reopen, false)) {
    lock.unlock();
    open_again();
  }
  return true;
}

void AccessLog::State::drop(std::string_view lines) {
  dropped += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

void AccessLog::State::tell_losses() {
  const std::uint64_t lost = dropped.load() - told;
  if (lost == 0) return;
  spdlog::warn("access log: {} lines were dropped", lost);
  told += lost;
  tell_again = Clock::now() + tell_pause;
}

void AccessLog::State::open_again() {
  if (path.empty()) return;
  const int fresh = open_file(path);
  if (fresh < 0) {
    spdlog::error("access log: cannot reopen {}: {}; the old file stays in use", path, reason_of(errno));
    return;
  }
  ::close(std::exchange(fd, fresh));
}

AccessLog::AccessLog() = default;

tl::expected<std::unique_ptr<AccessLog>, std::string> AccessLog::open(const std::string& target) {
  std::unique_ptr<AccessLog> log(new AccessLog);
  if (target == "off") return log;
  auto state = std::make_shared<State>();
  if (target == "stdout") {
    state->fd = STDOUT_FILENO;
  } else {
    state->path = target;
    state->fd = open_file(target);
    if (state->fd < 0) return tl::unexpected("cannot open the access log " + target + ": " + reason_of(errno));
  }
  log->writer_ = std::thread([state] { state->run(); });
  log->state_ = std::move(state);
  return log;
}

AccessLog::~AccessLog() {
  if (!state_) return;
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->deadline = Clock::now() + 1s;
  state_->changed.notify_all();
  const bool ended = state_->changed.wait_until(lock, state_->deadline, [this] { return state_->finished; });
  lock.unlock();
  ended ? writer_.join() : writer_.detach();
}

bool AccessLog::enabled() const noexcept {
  return state_ != nullptr;
}

void AccessLog::submit(std::string lines, std::size_t count) {
  if (!state_) return;
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  if (state.waiting.size() + state.in_hand + lines.size() > max_queued_bytes) {
    state.dropped += count;
    return;
  }
  // The thread is told only at these two borders: a wake-up for each line would cost more than the line.
  const std::size_t before = state.waiting.size();
  try {
    state.waiting += lines;
  } catch (const std::bad_alloc&) {
    state.dropped += count;
    return;
  }
  const bool tell = before == 0 || (before < gather_bytes && state.waiting.size() >= gather_bytes);
  lock.unlock();
  if (tell) state.changed.notify_all();
}

void AccessLog::reopen() {
  if (!state_) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->reopen = true;
  }
  state_->changed.notify_all();
}

void AccessLog::count_dropped(std::size_t lines) noexcept {
  if (state_) state_->dropped += lines;
}

std::uint64_t AccessLog::dropped_lines() const noexcept {
  return state_ ? state_->dropped.load() : 0;
}

}  // namespace postern
