#include "state/redis/caller.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iterator>
#include <utility>

namespace postern::state::redis {
namespace asio = boost::asio;
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable_t<asio::io_context::executor_type>{});
constexpr std::size_t batch_bytes = 64 * 1024;

}  // namespace

Caller::Caller(asio::io_context::executor_type executor, const RedisOptions& options)
    : executor_(executor), options_(options), pause_(executor), deadline_(executor) {}

void Caller::start() {
  asio::co_spawn(executor_, keep_connected(), asio::detached);
}

void Caller::call(const Words& command, Done<Reply> done) {
  waiting_.push_back({format_command(command), std::move(done), Clock::now() + options_.timeout});
  watch_deadlines();
  write_soon();
}

void Caller::end() {
  ending_ = true;
  stop_if_over();
}

Task<void> Caller::keep_connected() {
  for (unsigned failures = 0; !is_over(); ++failures) {
    const auto connection = connection_ = std::make_shared<Connection>(executor_, options_);
    last_error_ = co_await connection->open(std::exchange(node_, std::nullopt), ForScripts::yes);
    if (!last_error_ && !is_over()) {
      failures = 0;
      is_connected_ = true;
      write_soon();
      last_error_ = co_await read_replies(*connection);
      is_connected_ = false;
      send_again();
    }
    connection->shut();
    if (is_over()) break;
    pause_.expires_after(reconnect_pause(failures, std::uniform_real_distribution<>()(random_)));
    co_await pause_.async_wait(as_result);
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
  if (is_writing_ || !is_connected_) return;
  is_writing_ = true;
  asio::co_spawn(executor_, write_calls(connection_), asio::detached);
}

Task<void> Caller::write_calls(std::shared_ptr<Connection> connection) {
  co_await asio::post(executor_, as_result);
  while (!waiting_.empty() && !connection->is_shut()) {
    std::string bytes;
    while (!waiting_.empty() && bytes.size() < batch_bytes) {
      bytes += waiting_.front().bytes;
      sent_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    const MaybeError failed = co_await connection->write(bytes);
    if (failed) connection->shut();
  }
  is_writing_ = false;
  if (connection != connection_) write_soon();  // a new one did not while this one was at it
}

// Nothing, or why the connection must not be used any more.
MaybeError Caller::settle(Reply reply) {
  Call& call = sent_.front();
  if (reply.type == Reply::Type::error) {
    const ErrorReply judged = judge_error_reply(reply.text);
    StoreError error{judged.kind, "Redis refuses a call: " + reply.text};
    if (judged.try_elsewhere && !std::exchange(call.sent_elsewhere, true)) {
      node_ = parse_moved(reply.text);
      if (node_ && node_->host.empty()) node_->host = connection_->host();
      return error;
    }
    const Done<Reply> done = std::move(call.done);
    sent_.pop_front();
    done(tl::unexpected(std::move(error)));
  } else {
    const Done<Reply> done = std::move(call.done);
    sent_.pop_front();
    done(std::move(reply));
  }
  stop_if_over();
  return std::nullopt;
}

void Caller::send_again() {
  waiting_.insert(waiting_.begin(), std::make_move_iterator(sent_.begin()), std::make_move_iterator(sent_.end()));
  sent_.clear();
}

void Caller::watch_deadlines() {
  if (is_watching_ || (waiting_.empty() && sent_.empty())) return;
  is_watching_ = true;
  deadline_.expires_at((sent_.empty() ? waiting_ : sent_).front().deadline);
  deadline_.async_wait([this](const error_code& cancelled) {
    is_watching_ = false;
    if (cancelled) return;
    fail_expired(Clock::now());
    watch_deadlines();
  });
}

void Caller::fail_expired(Clock::time_point now) {
  const StoreError error = last_error_.value_or(StoreError{StoreError::Kind::unreachable, "Redis does not answer"});
  std::vector<Call> expired;
  const auto take_expired = [&](std::deque<Call>& calls) {
    while (!calls.empty() && calls.front().deadline <= now) {
      expired.push_back(std::move(calls.front()));
      calls.pop_front();
    }
  };
  take_expired(sent_);
  // Their answers may come yet, and nobody waits for them.
  if (!expired.empty()) connection_->shut();
  take_expired(waiting_);
  for (const Call& call : expired) call.done(tl::unexpected(error));
  stop_if_over();
}

void Caller::stop_if_over() {
  if (!is_over()) return;
  if (connection_) connection_->shut();
  pause_.cancel();
  deadline_.cancel();
}

}  // namespace postern::state::redis
