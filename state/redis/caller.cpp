#include "state/redis/caller.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <new>
#include <thread>
#include <utility>

#include "base/want_of_memory.hpp"
#include "state/redis/replication.hpp"

namespace postern::state::redis {
namespace asio = boost::asio;
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t batch_bytes = 64 * 1024;

}  // namespace

Caller::Caller(Executor executor, const RedisOptions& options, Resolver& resolver)
    : executor_(executor),
      options_(options),
      connector_(executor, options, resolver),
      pause_(executor),
      deadline_(executor) {}

void Caller::start() {
  insist([this] { spawn(executor_, keep_connected()); });
}

void Caller::call(Script script, Words command, Done<Reply> done) {
  const bool waits = loss_of(script) == Loss::never && options_.wait_replicas > 0;
  Calls made;
  try {
    if (writes(script)) command.emplace_back();
    made.emplace_back();
  } catch (const std::bad_alloc&) {
    return done(tl::unexpected(out_of_memory()));
  }
  made.front() = {std::move(command), std::move(done), Clock::now() + options_.timeout, writes(script), waits, {}};
  waiting_.splice(waiting_.end(), made);
  insist([this] { watch_deadlines(); });
  insist([this] { write_soon(); });
}

void Caller::end() {
  ending_ = true;
  stop_if_over();
}

Task<void> Caller::keep_connected() {
  for (unsigned failures = 0; !is_over(); ++failures) {
    try {
      co_await use_connection(failures);
    } catch (const std::bad_alloc&) {
      last_error_ = out_of_memory();
      spdlog::error("Redis cannot be talked to: out of memory");
    }
    is_connected_ = false;
    if (connection_) connection_->shut();
    send_again();
    if (is_over()) break;
    try {
      pause_.expires_after(reconnect_pause(failures, std::uniform_real_distribution<>()(random_)));
      co_await pause_.async_wait(as_result);
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(pause_without_memory);
    }
  }
}

// Until the connection fails, or cannot be made.
Task<void> Caller::use_connection(unsigned& failures) {
  auto connected = co_await connector_.connect(ForScripts::yes);
  if (!connected) {
    last_error_ = std::move(connected.error());
  } else if (!is_over()) {
    failures = 0;
    last_error_.reset();
    connection_ = std::move(*connected);
    is_connected_ = true;
    write_soon();
    last_error_ = co_await read_replies(*connection_);
  }
}

Task<MaybeError> Caller::read_replies(Connection& connection) {
  while (true) {
    auto reply = co_await connection.read();
    if (!reply) co_return std::move(reply.error());
    if (sent_.empty()) co_return StoreError{StoreError::Kind::damaged, "Redis answers what nobody asked"};
    auto failed = settle(std::move(*reply));
    if (failed) co_return failed;
  }
}

// Later, so that calls which come together are one packet.
void Caller::write_soon() {
  if (!writing_.is_running() && is_connected_) writing_.begin(executor_, write_calls());
}

Task<void> Caller::write_calls() {
  try {
    co_await asio::post(executor_, as_result);
  } catch (const std::bad_alloc&) {  // then at once
  }
  // There may be another connection than the one whose write has just failed.
  while (!waiting_.empty() && is_connected_ && !connection_->is_shut()) {
    const std::shared_ptr<Connection> connection = connection_;
    try {
      std::string bytes;
      while (!waiting_.empty() && bytes.size() < batch_bytes) {
        bytes += bytes_of(waiting_.front(), *connection);
        sent_.splice(sent_.end(), waiting_, waiting_.begin());
      }
      const MaybeError failed = co_await connection->write(bytes);
      if (failed) connection->shut();
    } catch (const std::bad_alloc&) {
      connection->shut();  // not all of what it should have carried was written
    }
  }
}

// The same call has another deadline over another connection: that server's clock may be another one.
std::string Caller::bytes_of(Call& call, const Connection& connection) const {
  if (call.writes) call.command.back() = std::to_string(connection.server_time(call.deadline));
  std::string bytes = format_command(call.command);
  if (call.waits) bytes += format_command(wait_command(options_.wait_replicas, options_.timeout));
  return bytes;
}

// Nothing, or why the connection must not be used any more.
MaybeError Caller::settle(Reply reply) {
  Call& call = sent_.front();
  if (reply.type == Reply::Type::error) {
    const ErrorReply judged = judge_error_reply(reply.text);
    if (connector_.heed(reply.text) || (judged.try_elsewhere && !std::exchange(call.sent_elsewhere, true))) {
      return outcome_of(std::move(reply)).error();
    }
  }
  if (!call.waits) {
    finish(outcome_of(std::move(reply)));
  } else if (!call.written) {
    call.written = std::move(reply);
  } else {
    auto outcome = outcome_of(std::move(*call.written));
    MaybeError failed = judge_wait(reply, options_.wait_replicas);
    if (outcome && failed) outcome = tl::unexpected(std::move(*failed));
    finish(std::move(outcome));
  }
  return std::nullopt;
}

void Caller::finish(tl::expected<Reply, StoreError> outcome) {
  const Done<Reply> done = std::move(sent_.front().done);
  sent_.pop_front();
  done(std::move(outcome));
  stop_if_over();
}

void Caller::send_again() noexcept {
  for (Call& call : sent_) call.written.reset();
  waiting_.splice(waiting_.begin(), sent_);
}

void Caller::watch_deadlines() {
  if (is_watching_ || (waiting_.empty() && sent_.empty())) return;
  deadline_.expires_at((sent_.empty() ? waiting_ : sent_).front().deadline);
  deadline_.async_wait([this](const error_code& cancelled) {
    is_watching_ = false;
    if (cancelled) return;
    fail_expired(Clock::now());
    insist([this] { watch_deadlines(); });
  });
  is_watching_ = true;
}

void Caller::fail_expired(Clock::time_point now) {
  Calls expired;
  const auto take_expired = [&](Calls& calls) {
    while (!calls.empty() && calls.front().deadline <= now) expired.splice(expired.end(), calls, calls.begin());
  };
  take_expired(sent_);
  // Their answers may come yet, and nobody waits for them.
  if (!expired.empty()) connection_->shut();
  take_expired(waiting_);
  for (const Call& call : expired) {
    try {
      call.done(tl::unexpected(why_unanswered()));
    } catch (const std::bad_alloc&) {  // who waits gives up by himself
    }
  }
  stop_if_over();
}

StoreError Caller::why_unanswered() const noexcept {
  try {
    return last_error_.value_or(StoreError{StoreError::Kind::unreachable, "Redis does not answer"});
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

void Caller::stop_if_over() {
  if (!is_over()) return;
  connector_.interrupt();
  pause_.cancel();
  deadline_.cancel();
}

}  // namespace postern::state::redis
