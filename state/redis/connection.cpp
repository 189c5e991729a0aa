#include "state/redis/connection.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

namespace postern::state::redis {
namespace asio = boost::asio;
namespace {

using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
constexpr std::size_t max_addresses = 8;  // tried for one name

}  // namespace

Connection::Connection(Executor executor, const RedisOptions& options, Resolver& resolver)
    : options_(options), resolver_(resolver), transport_(TcpSocket(executor)), timer_(executor) {}

void Connection::shut_at(Clock::time_point deadline) {
  deadline_ = deadline;
  timer_.expires_at(deadline);
  if (deadline == Clock::time_point::max()) return;
  timer_.async_wait([weak = weak_from_this()](const error_code&) {
    const auto self = weak.lock();
    // The handler of an earlier deadline may be queued when the timer is set anew.
    if (self && Clock::now() >= self->deadline_) self->shut();
  });
}

void Connection::shut() noexcept {
  shut_ = true;
  timer_.cancel();
  resolver_.wake();
  // Not close(): TLS would go on with a descriptor that may be another connection's by then.
  transport_.cancel();
  error_code ignored;
  transport_.socket().shutdown(TcpSocket::shutdown_both, ignored);
}

StoreError Connection::unreachable(const std::string& why) const {
  const std::string place = address_.host + " port " + std::to_string(address_.port);
  return {StoreError::Kind::unreachable, "Redis at " + place + ": " + (shut_ ? "no answer in time" : why)};
}

Task<MaybeError> Connection::open(conf::RedisAddress address, const std::vector<GreetingStep>& steps) {
  shut_at(Clock::now() + options_.timeout);
  address_ = std::move(address);
  Addresses addresses;
  MaybeError failed = co_await look_up(addresses);
  if (!failed) failed = co_await connect(addresses);
  if (failed) co_return failed;
  if (options_.url.tls) {
    const error_code error = co_await transport_.handshake(options_.tls->new_connection(address_.host, session_));
    if (error || shut_) co_return unreachable(transport_.explain(error));
  }
  failed = co_await greet(steps);
  if (!failed) shut_at(Clock::time_point::max());
  co_return failed;
}

Task<MaybeError> Connection::look_up(Addresses& addresses) {
  error_code not_literal;
  const auto literal = asio::ip::make_address(address_.host, not_literal);
  if (!not_literal) {
    addresses.push_back(literal);
    co_return std::nullopt;
  }
  auto resolved = co_await resolver_.resolve(address_.host, shut_);
  if (!resolved || shut_) co_return unreachable(resolved ? "" : resolved.error().message());
  addresses = std::move(*resolved);
  if (addresses.size() > max_addresses) addresses.resize(max_addresses);
  co_return std::nullopt;
}

Task<MaybeError> Connection::connect(const Addresses& addresses) {
  error_code error = asio::error::host_not_found;
  for (const auto& address : addresses) {
    error_code ignored;
    transport_.socket().close(ignored);
    const tcp::endpoint endpoint(address, address_.port);
    std::tie(error) = co_await transport_.socket().async_connect(endpoint, as_result);
    if (!error || shut_) break;
  }
  if (error || shut_) co_return unreachable(error.message());
  transport_.socket().set_option(tcp::no_delay(true), error);
  co_return std::nullopt;
}

Task<MaybeError> Connection::greet(const std::vector<GreetingStep>& steps) {
  std::string bytes;
  for (const GreetingStep& step : steps) bytes += format_command(step.command);
  MaybeError failed = co_await write(bytes);
  for (std::size_t i = 0; i < steps.size() && !failed; ++i) {
    const auto reply = co_await read();
    if (!reply) co_return reply.error();
    failed = judge_greeting(steps[i], *reply);
    if (steps[i].expected == Expected::no_eviction) eviction_ = read_eviction(*reply);
    if (steps[i].expected == Expected::time && !failed) clock_ = {*read_time(*reply), Clock::now()};
  }
  co_return failed;
}

Task<MaybeError> Connection::write(std::string_view commands) {
  const error_code error = co_await transport_.write(commands);
  if (error || shut_) co_return unreachable(error.message());
  co_return std::nullopt;
}

Task<tl::expected<Reply, StoreError>> Connection::read() {
  while (true) {
    auto reply = replies_.next();
    if (!reply) co_return tl::unexpected(StoreError{StoreError::Kind::damaged, reply.error()});
    if (*reply) co_return std::move(**reply);
    const auto [error, bytes] = co_await transport_.read_some(place_.data(), place_.size());
    if (error || shut_) co_return tl::unexpected(unreachable(transport_.explain(error)));
    replies_.feed({place_.data(), bytes});
  }
}

}  // namespace postern::state::redis
