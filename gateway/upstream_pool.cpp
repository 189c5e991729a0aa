#include "gateway/upstream_pool.hpp"

#include <boost/asio/error.hpp>
#include <new>

#include "conf/address.hpp"

namespace postern {
namespace asio = boost::asio;
namespace {

std::shared_ptr<Endpoint> make_endpoint(const std::string& url, ResolvedNames& names) {
  const auto parsed = conf::parse_endpoint(url);  // checked with the configuration
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->text = url;
  endpoint->host = parsed->host;
  endpoint->port = parsed->port;
  endpoint->name = names.find(endpoint->host);
  return endpoint;
}

}  // namespace

Task<error_code> UpstreamConnection::open(const ClientTls* tls) {
  error_code error = co_await endpoint_->name->resolve(given_up_);
  if (error) co_return error;
  TcpSocket& socket = transport.socket();
  const Addresses addresses = endpoint_->name->addresses();  // a look-up in the background may replace them
  for (const auto& address : addresses) {
    error_code ignored;
    socket.close(ignored);
    const asio::ip::tcp::endpoint place(address, endpoint_->port);
    std::tie(error) = co_await socket.async_connect(place, as_result);
    if (!error || given_up_) break;
  }
  if (given_up_) co_return error_code(asio::error::operation_aborted);
  if (error) co_return error;
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (tls != nullptr) error = co_await transport.handshake(tls->new_connection(endpoint_->host, endpoint_->session));
  co_return error;
}

void UpstreamConnection::cancel() noexcept {
  given_up_ = true;
  endpoint_->name->wake();
  transport.cancel();
}

UpstreamPool::UpstreamPool(asio::io_context& io, Ticker& ticker, ResolvedNames& names, const conf::Upstream& config,
                           std::shared_ptr<const ClientTls> tls, std::shared_ptr<RequestLimit> limit)
    : io_(io),
      ticker_(ticker),
      idle_limit_(config.pool.idle),
      max_idle_(config.pool.max_idle),
      tls_(std::move(tls)),
      limit_(std::move(limit)) {
  for (const std::string& url : config.endpoints) endpoints_.push_back(make_endpoint(url, names));
}

UpstreamPool::~UpstreamPool() = default;

std::unique_ptr<UpstreamConnection> UpstreamPool::take() {
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  connection->reused = true;
  return connection;
}

std::unique_ptr<UpstreamConnection> UpstreamPool::make(std::size_t turn) {
  const auto& endpoint = endpoints_[turn % endpoints_.size()];
  return std::make_unique<UpstreamConnection>(TcpSocket(io_.get_executor()), endpoint);
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> connection) noexcept {
  if (max_idle_ == 0) return;
  if (idle_.size() >= max_idle_) idle_.erase(idle_.begin());
  connection->idle_since = ticker_.now();
  try {
    if (!is_linked()) ticker_.add(*this);
    idle_.push_back(std::move(connection));
  } catch (const std::bad_alloc&) {  // it is closed
  }
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
