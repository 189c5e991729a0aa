#include "gateway/upstream_pool.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "conf/address.hpp"

namespace postern {
namespace asio = boost::asio;
namespace {

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, asio::io_context::executor_type>;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable_t<asio::io_context::executor_type>{});
constexpr std::chrono::seconds resolve_period{30};

// Asks the system's resolver. On failure the endpoint keeps the addresses that it has.
Task<error_code> look_up(asio::io_context::executor_type executor, std::shared_ptr<Endpoint> endpoint) {
  Resolver resolver(executor);
  endpoint->resolving = true;
  auto [error, results] = co_await resolver.async_resolve(endpoint->host, endpoint->port, as_result);
  endpoint->resolving = false;
  endpoint->resolve_again = std::chrono::steady_clock::now() + resolve_period;
  if (error) co_return error;
  endpoint->addresses.clear();
  for (const auto& entry : results) endpoint->addresses.push_back(entry.endpoint());
  co_return error_code{};
}

std::shared_ptr<Endpoint> make_endpoint(const std::string& url) {
  const auto parsed = conf::parse_endpoint(url);  // checked with the configuration
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->text = url;
  endpoint->host = parsed->host;
  endpoint->port = std::to_string(parsed->port);
  error_code not_literal;
  const auto address = asio::ip::make_address(endpoint->host, not_literal);
  if (!not_literal) {
    endpoint->addresses.emplace_back(address, parsed->port);
    endpoint->resolve_again = never;
  }
  return endpoint;
}

}  // namespace

Task<error_code> UpstreamConnection::resolve() {
  if (endpoint_->addresses.empty()) {
    const error_code error = co_await look_up(transport.socket().get_executor(), endpoint_);
    if (endpoint_->addresses.empty()) co_return error ? error : error_code(asio::error::host_not_found);
  } else if (!endpoint_->resolving && std::chrono::steady_clock::now() > endpoint_->resolve_again) {
    endpoint_->resolving = true;
    asio::co_spawn(transport.socket().get_executor(), look_up(transport.socket().get_executor(), endpoint_),
                   asio::detached);
  }
  co_return error_code{};
}

Task<error_code> UpstreamConnection::open(const ClientTls* tls) {
  error_code error = co_await resolve();
  if (error) co_return error;
  TcpSocket& socket = transport.socket();
  const auto addresses = endpoint_->addresses;  // a resolution in the background may replace them
  for (const auto& address : addresses) {
    error_code ignored;
    socket.close(ignored);
    std::tie(error) = co_await socket.async_connect(address, as_result);
    if (!error || error == asio::error::operation_aborted) break;
  }
  if (error) co_return error;
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (tls != nullptr) error = co_await transport.handshake(tls->new_connection(endpoint_->host, endpoint_->session));
  co_return error;
}

UpstreamPool::UpstreamPool(asio::io_context& io, Ticker& ticker, const conf::Upstream& config,
                           std::shared_ptr<const ClientTls> tls)
    : io_(io), ticker_(ticker), idle_limit_(config.pool.idle), max_idle_(config.pool.max_idle), tls_(std::move(tls)) {
  for (const std::string& url : config.endpoints) endpoints_.push_back(make_endpoint(url));
}

UpstreamPool::~UpstreamPool() = default;

std::unique_ptr<UpstreamConnection> UpstreamPool::take() {
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  connection->reused = true;
  return connection;
}

std::unique_ptr<UpstreamConnection> UpstreamPool::make() {
  const auto& endpoint = endpoints_[next_++ % endpoints_.size()];
  return std::make_unique<UpstreamConnection>(TcpSocket(io_.get_executor()), endpoint);
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> connection) {
  if (max_idle_ == 0) return;
  if (idle_.size() >= max_idle_) idle_.erase(idle_.begin());
  connection->idle_since = ticker_.now();
  idle_.push_back(std::move(connection));
  if (!is_linked()) ticker_.add(*this);
}

void UpstreamPool::on_tick(SteadyTime now) {
  std::erase_if(idle_, [&](const std::unique_ptr<UpstreamConnection>& connection) {
    if (now - connection->idle_since >= idle_limit_) return true;
    // One that was given back a moment ago is busy, as a rule; the question costs a system call.
    return now - connection->idle_since >= Ticker::period && !connection->transport.is_silent();
  });
  if (idle_.empty()) unlink();
}

}  // namespace postern
