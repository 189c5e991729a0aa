#include "gateway/worker.hpp"

#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <tuple>
#include <utility>

#include "gateway/body.hpp"
#include "gateway/error_response.hpp"
#include "gateway/inbox.hpp"
#include "gateway/listen_socket.hpp"
#include "gateway/parked.hpp"
#include "gateway/session.hpp"

namespace postern {
namespace asio = boost::asio;
namespace {

// Large, since a large response then takes few reads and writes; small enough that one connection whose peer does not
// read holds some 64 KiB together with its heads.
constexpr std::size_t relay_bytes = 32 * 1024;
constexpr std::size_t buffers_kept = 256;
constexpr std::size_t exchanges_kept = 256;
constexpr std::size_t log_flush_bytes = 32 * 1024;
constexpr std::size_t reserve_bytes = 16 * 1024;  // for a reply's head, body and coroutines

// A relay buffer also takes a whole response head, or what of a body came with a request's head.
std::size_t relay_size(const conf::Limits& limits) {
  const std::size_t heads = std::max(limits.head_bytes.count + Inbox::slack, limits.response_head_bytes.count);
  return std::max(relay_bytes, heads + BodyReader::headroom + BodyReader::tailroom + 1);
}

}  // namespace

Worker::Worker(std::shared_ptr<const Snapshot> snapshot, AccessLog& access_log)
    : access_log_(access_log),
      head_buffers_(snapshot->config.limits.head_bytes.count + Inbox::slack, buffers_kept),
      relay_buffers_(relay_size(snapshot->config.limits), buffers_kept),
      random_(std::random_device{}()),
      work_(io_.get_executor()),
      ticker_(io_),
      names_(io_.get_executor()) {
  free_exchanges_.reserve(exchanges_kept);
  static_cast<void>(error_reply(Refusal(Reason::out_of_memory)));  // makes all of them: later it would find no memory
  ticker_.set_after_tick([this](SteadyTime) {
    flush_log();
    if (!reserve_) reserve_.reset(new (std::nothrow) char[reserve_bytes]);
    const bool fewer_open = open_trim_policy_.should_trim(metrics_.downstream_connections);
    const bool fewer_at_work =
        trim_policy_.should_trim(metrics_.downstream_connections - metrics_.downstream_connections_parked);
    if (fewer_open || fewer_at_work) {
      free_unused_memory();
      ::malloc_trim(0);
    }
    check_drained();
  });
  swap(std::move(snapshot));
}

Worker::~Worker() = default;

void Worker::run() {
  io_.run();
  flush_log();
}

// ---- snapshot

void Worker::swap(std::shared_ptr<const Snapshot> snapshot) {
  auto next = std::make_shared<ActiveSnapshot>();
  next->state = snapshot->filters->make_worker_state();
  for (const CompiledUpstream& upstream : snapshot->upstreams) {
    std::shared_ptr<UpstreamPool> pool;
    std::shared_ptr<RequestLimit> limit = upstream.limit;
    // An upstream that may have as many requests as before goes on counting them; one that did not change at all keeps
    // its connections, too, but with TLS reads its certificates again.
    for (std::size_t i = 0; active_ && i < active_->pools.size(); ++i) {
      const CompiledUpstream& before = active_->snapshot->upstreams[i];
      if (before.name != upstream.name) continue;
      if (before.config->max_requests == upstream.config->max_requests) limit = active_->pools[i]->limit();
      if (*before.config == *upstream.config && !upstream.tls) pool = active_->pools[i];
    }
    if (!pool) {
      pool = std::make_shared<UpstreamPool>(io_, ticker_, names_, *upstream.config, upstream.tls, std::move(limit));
    }
    next->pools.push_back(std::move(pool));
  }
  head_buffers_.grow(snapshot->config.limits.head_bytes.count + Inbox::slack);
  relay_buffers_.grow(relay_size(snapshot->config.limits));
  next->snapshot = std::move(snapshot);
  active_.swap(next);
  if (next) next->state->retire();
}

// ---- listening

void Worker::listen(const std::shared_ptr<Listening>& listening) {
  std::list<std::shared_ptr<Listening>> another{listening};
  spawn(io_.get_executor(), accept(listening));
  listening_.splice(listening_.end(), another);
}

void Worker::keep_listening_on(const std::vector<std::string>& addresses) {
  std::erase_if(listening_, [&](const std::shared_ptr<Listening>& listening) {
    if (std::find(addresses.begin(), addresses.end(), listening->address) != addresses.end()) return false;
    accept_queued(listening);
    return true;
  });
}

void Worker::set_listener(const std::string& address, std::shared_ptr<const ServerTls> tls, std::uint16_t https_port) {
  for (const auto& listening : listening_) {
    if (listening->address != address) continue;
    listening->tls = tls;
    listening->https_port = https_port;
  }
}

void Worker::drain(std::function<void()> drained) {
  drain_ = Drain::begun;
  drained_ = std::move(drained);
  for (const auto& listening : listening_) accept_queued(listening);
  listening_.clear();
  check_drained();
}

void Worker::cut_off() {
  drain_ = Drain::over;
  ticker_.tick();
}

void Worker::check_drained() {
  if (draining() && drained_ && metrics_.downstream_connections == 0) std::exchange(drained_, nullptr)();
}

// Connections that the kernel has accepted for us already would be reset by the close.
void Worker::accept_queued(const std::shared_ptr<Listening>& listening) {
  error_code error;
  listening->acceptor.non_blocking(true, error);
  while (!error) {
    TcpSocket socket(io_.get_executor());
    asio::ip::tcp::endpoint peer;
    listening->acceptor.accept(socket, peer, error);
    if (!error) welcome(std::move(socket), peer, listening);
  }
  listening->acceptor.close(error);
}

Task<void> Worker::accept(std::shared_ptr<Listening> listening) {
  bool failing = false;  // told once, until an accept succeeds
  while (listening->acceptor.is_open()) {
    error_code error;
    try {
      TcpSocket socket(io_.get_executor());
      asio::ip::tcp::endpoint peer;
      std::tie(error) = co_await listening->acceptor.async_accept(socket, peer, as_result);
      if (!error && !welcome(std::move(socket), peer, listening)) error = asio::error::no_memory;
    } catch (const std::bad_alloc&) {
      on_out_of_memory();
      error = asio::error::no_memory;
    }
    if (!error) {
      failing = false;
    } else if (error != asio::error::operation_aborted && error != asio::error::connection_aborted) {
      metrics_.accept_errors_total += 1;
      if (!std::exchange(failing, true)) spdlog::warn("accept on {}: {}", listening->address, error.message());
      try {
        SteadyTimer pause(io_.get_executor(), accept_pause);
        co_await pause.async_wait(as_result);
      } catch (const std::bad_alloc&) {  // then without a pause
      }
    }
  }
}

bool Worker::welcome(TcpSocket socket, const asio::ip::tcp::endpoint& peer,
                     const std::shared_ptr<Listening>& listening) {
  metrics_.downstream_connections_total += 1;
  return serve(Connection{.counted = Counted(metrics_.downstream_connections),
                          .transport = Transport(std::move(socket)),
                          .peer = peer,
                          .listening = listening,
                          .tls = listening->tls});
}

bool Worker::serve(Connection connection) {
  try {
    auto session = std::make_unique<Session>(*this, std::move(connection));
    spawn(io_.get_executor(), run_session(std::move(session)), [this](const std::exception_ptr& failure) {
      if (failure) on_out_of_memory();  // nothing else leaves it
    });
    return true;
  } catch (const std::bad_alloc&) {
    on_out_of_memory();
    return false;
  }
}

Task<void> Worker::run_session(std::unique_ptr<Session> session) {
  co_await session->run();
  if (!session->quiet()) co_return;
  Connection connection = std::move(*session).release();
  session.reset();
  Parked::wait(std::make_unique<Parked>(*this, std::move(connection)));
}

// ---- exchanges

void Worker::ReturnExchange::operator()(Exchange* exchange) const noexcept {
  exchange->end();
  std::unique_ptr<Exchange> owned(exchange);
  if (worker->free_exchanges_.size() < exchanges_kept) worker->free_exchanges_.push_back(std::move(owned));
}

void Worker::on_out_of_memory() noexcept {
  reserve_.reset();
  free_unused_memory();
}

void Worker::free_unused_memory() noexcept {
  head_buffers_.free_unused();
  relay_buffers_.free_unused();
  free_exchanges_.clear();
  task::free_kept_frames();
}

Worker::ExchangeLease Worker::take_exchange() {
  std::unique_ptr<Exchange> exchange;
  if (free_exchanges_.empty()) {
    exchange = std::make_unique<Exchange>();
  } else {
    exchange = std::move(free_exchanges_.back());
    free_exchanges_.pop_back();
  }
  return ExchangeLease(exchange.release(), ReturnExchange{this});
}

std::string_view Worker::http_date(double now) {
  const auto second = static_cast<std::int64_t>(now);
  if (second != http_date_second_) {
    http_date_second_ = second;
    const std::time_t time = second;
    std::tm parts{};
    gmtime_r(&time, &parts);
    char text[32];
    http_date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return http_date_;
}

void Worker::record(Exchange& exchange) {
  AccessRecord& record = exchange.record;
  record.duration = std::chrono::duration<double>(std::chrono::steady_clock::now() - exchange.started).count();
  const std::uint32_t route = exchange.route != nullptr ? exchange.route->metrics_id : WorkerMetrics::no_route;
  metrics_.count_request(route, exchange.request.method, record.status, record.duration);
  if (exchange.context && exchange.context->decision.made) {
    const Decision& decision = exchange.context->decision;
    metrics_.count_decision(route, decision.provider, decision.reason);
    metrics_.token_cache_hits += decision.cache == CacheUse::hit ? 1 : 0;
    metrics_.token_cache_misses += decision.cache == CacheUse::miss ? 1 : 0;
  }
  if (!access_log_.enabled()) return;
  record.reason = exchange.refusal.reason;
  record.detail = exchange.refusal.detail;
  if (record.reason != Reason::accepted) record.side = side_of(record.reason);
  const std::size_t whole_lines = log_lines_.size();
  try {
    append_access_line(log_lines_, record);
    log_count_ += 1;
  } catch (const std::bad_alloc&) {
    log_lines_.resize(whole_lines);
    access_log_.count_dropped(1);
  }
  if (log_lines_.size() >= log_flush_bytes) flush_log();
}

void Worker::flush_log() {
  if (log_lines_.empty()) return;
  access_log_.submit(std::exchange(log_lines_, {}), std::exchange(log_count_, 0));
  try {
    log_lines_.reserve(log_flush_bytes + 4096);
  } catch (const std::bad_alloc&) {  // then it grows with its lines, if it can
  }
}

}  // namespace postern
