#include "gateway/session.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <new>

#include "base/clock.hpp"
#include "gateway/client_address.hpp"
#include "gateway/http/cookies.hpp"
#include "gateway/http/parse.hpp"
#include "gateway/whole_body.hpp"

namespace postern {
namespace {

using Clock = std::chrono::steady_clock;

// How long a connection may be quiet before it is parked.
constexpr std::chrono::milliseconds park_after{250};

// A part of the request for which a deadline of the client's has passed; nothing when none has.
std::optional<Refusal> overdue(Watch::Cause expired, const std::string& part) {
  if (expired != Watch::Cause::head && expired != Watch::Cause::total) return std::nullopt;
  const char* const limit = expired == Watch::Cause::head ? "timeouts.head" : "timeouts.total";
  return Refusal(Reason::request_timeout, part + " did not arrive within " + limit);
}

}  // namespace

Session::Session(Worker& worker, Connection connection)
    : worker_(worker),
      connection_(std::move(connection)),
      client_(connection_.transport),
      watch_(worker.ticker(), client_, worker.drain_state()) {
  facts_.client = connection_.peer.address();
  if (facts_.client.is_v6() && facts_.client.to_v6().is_v4_mapped()) {
    facts_.client = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, facts_.client.to_v6());
  }
  facts_.client_address = text_of(facts_.client);
  facts_.tls = connection_.tls != nullptr;
  facts_.listener_port = connection_.listening->port;
}

Task<void> Session::run() {
  try {
    co_await converse();
  } catch (const std::bad_alloc&) {
    worker_.on_out_of_memory();
    spdlog::error("out of memory: a connection was closed");
  } catch (const std::exception& failure) {
    spdlog::error("a connection was closed by an unexpected failure: {}", failure.what());
  }
}

Task<void> Session::converse() {
  if (const auto& tls = connection_.tls; tls && !client_.is_tls()) {
    watch_.arm(Watch::Cause::head, worker_.active()->snapshot->config.timeouts.head);
    const error_code error = co_await client_.handshake(tls->new_connection());
    if (error) co_return;
  }
  for (;;) {
    if (!request_at_hand()) {
      // One that was parked has been woken by something: it is read, and the watch ends the wait for more.
      if (worker_.draining() && connection_.used && !connection_.quiet_until) break;
      arm_for_request();
      make_room();
      const auto [error, bytes] = co_await client_.read_some(inbox_.room(), inbox_.room_size());
      quiet_ = error && watch_.expired() == Watch::Cause::park;
      if (quiet_) co_return;
      if (error) co_return client_.close_notify();
      inbox_.received(bytes);
    }
    const bool more = co_await serve();
    if (!more) break;
    connection_.quiet_until.reset();
  }
  if (unread_ || !client_.may_close()) co_await linger();
  client_.close_notify();
}

// Arms the watch for the first byte of a request. A connection that was parked has the time that was left to it.
void Session::arm_for_request() {
  const conf::Timeouts& timeouts = worker_.active()->snapshot->config.timeouts;
  const SteadyTime now = worker_.ticker().now();
  const auto limit = connection_.used ? timeouts.idle : timeouts.head;
  if (!connection_.quiet_until) connection_.quiet_until = limit.count() == 0 ? never : now + limit;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*connection_.quiet_until - now);
  const bool parks = left > park_after;
  watch_.arm(parks ? Watch::Cause::park : Watch::Cause::idle, parks ? park_after : std::max(left, Ticker::period));
}

// Reads once into the inbox; false on the end, on an error, or when a deadline passed.
Task<bool> Session::read_more() {
  make_room();
  if (inbox_.room_size() == 0) co_return false;
  const auto [error, bytes] = co_await client_.read_some(inbox_.room(), inbox_.room_size());
  if (error) co_return false;
  inbox_.received(bytes);
  co_return true;
}

void Session::make_room() {
  BufferPool& buffers = worker_.head_buffers();
  if (inbox_.buffer_size() < buffers.size()) inbox_.set_buffer(buffers.take());  // none, or too small since a reload
  if (inbox_.empty()) inbox_.compact();
  keep_slack();
}

// Behind a head that is about to be parsed, and has to stay where it is, a body needs room for what is read past its end.
void Session::keep_slack() {
  if (inbox_.room_size() < Inbox::slack) inbox_.compact();
}

Task<bool> Session::serve() {
  auto exchange = worker_.take_exchange();
  exchange->begin(worker_.active(), facts_, unix_now());
  exchange->started = Clock::now();
  watch_.arm_total(exchange->config().timeouts.total, exchange->started);
  bool asked = true;
  bool keep = false;
  bool out_of_memory = false;
  try {
    std::optional<Refusal> refused;
    make_room();  // a reload since the head was waited for may allow it more than the buffer takes
    if (const auto size = exchange->parse(inbox_.bytes())) {
      inbox_.consume(*size);
    } else {
      asked = co_await read_head(*exchange, refused);
      exchange->head_arrived(unix_now());  // the sender may have taken his time
    }
    if (asked) {
      connection_.used = true;
      watch_.disarm();
      if (refused) {
        keep = co_await reply_error(*exchange, std::move(*refused));
      } else {
        keep = co_await answer(*exchange);
      }
    }
  } catch (const std::bad_alloc&) {
    out_of_memory = true;
  }
  if (out_of_memory && exchange->downstream_head.empty()) {
    worker_.on_out_of_memory();
    unread_ = true;
    exchange->response.clear();
    co_await reply_error(*exchange, Refusal(Reason::out_of_memory));
  } else if (out_of_memory) {  // in the middle of a response, which must not seem whole
    worker_.on_out_of_memory();
    client_.reset();
  }
  watch_.disarm_total();
  if (!asked) co_return false;
  worker_.record(*exchange);
  co_return keep && !worker_.draining();
}

Task<bool> Session::read_head(Exchange& exchange, std::optional<Refusal>& refused) {
  watch_.arm(Watch::Cause::head, exchange.config().timeouts.head);
  http::HeadScanner scanner(exchange.config().limits.head_bytes.count);
  auto state = scanner.scan(inbox_.bytes());
  while (state == http::HeadScanner::State::need_more) {
    const bool more = co_await read_more();
    if (!more) {
      refused = overdue(watch_.expired(), "the head");
      co_return refused.has_value();
    }
    state = scanner.scan(inbox_.bytes());
  }
  if (state == http::HeadScanner::State::malformed) {
    refused.emplace(Reason::request_malformed, "the head is no HTTP/1.1");
  } else if (state == http::HeadScanner::State::too_large) {
    refused.emplace(Reason::header_too_large, "the head is longer than limits.head_bytes");
  } else {
    inbox_.consume(scanner.begin());
    keep_slack();
    auto size = exchange.parse(inbox_.bytes());
    inbox_.consume(scanner.end() - scanner.begin());
    if (!size) refused = std::move(size.error());
  }
  co_return true;
}

// No coroutine of its own, so that requests that are not redirected pay for a glance.
Task<bool> Session::answer(Exchange& exchange) {
  return connection_.listening->https_port == 0 ? answer_by_route(exchange) : redirect_to_https(exchange);
}

// Judges, filters and answers one request whose head has arrived.
Task<bool> Session::answer_by_route(Exchange& exchange) {
  if (std::optional<Refusal> refused = exchange.judge()) {
    co_return co_await reply_error(exchange, std::move(*refused));
  }
  watch_.arm_total(exchange.route->total_timeout, exchange.started);
  if (exchange.route->body_wanted != 0) {
    std::optional<Refusal> refused = co_await read_body(exchange);
    if (refused) co_return co_await reply_error(exchange, std::move(*refused));
  }
  for (const auto& filter : exchange.route->chain) {
    Step step = filter->on_request(*exchange.context);
    Verdict verdict;
    if (auto* slow = std::get_if<Task<Verdict>>(&step)) {
      verdict = co_await std::move(*slow);
    } else {
      verdict = std::get<Verdict>(std::move(step));
    }
    if (record_verdict(exchange, verdict)) continue;
    if (auto* refusal = std::get_if<Refusal>(&verdict)) co_return co_await reply_error(exchange, std::move(*refusal));
    const auto& direct = std::get<DirectReply>(verdict);
    exchange.response.status = direct.status;
    for (const auto& [name, value] : direct.fields) exchange.response.fields.add(name, value);
    co_return co_await reply(exchange, direct.body);
  }
  if (exchange.route->config->upstream.empty()) co_return co_await reply_direct(exchange);
  // After the filters, which may read them.
  const auto& cookies = exchange.active->snapshot->private_cookies;
  if (!cookies.empty()) http::remove_cookies(exchange.request, cookies, exchange.context->memory);
  const auto forwarder = exchange.make<Forwarder>(worker_, client_, watch_, inbox_, exchange);
  Forwarder::End end = co_await forwarder->run();
  unread_ = forwarder->body_unread();
  exchange.framing.kind = http::BodyKind::none;  // what there was of the body has been consumed
  const bool is_cut_tunnel = exchange.response.status == 101 && !forwarder->told_going_away();
  if (worker_.is_cutting_off() && is_cut_tunnel) co_return cut_off(exchange);
  if (end.kind == Forwarder::End::Kind::complete) co_return exchange.keep_alive;
  co_return co_await end_forward(exchange, end);
}

// A body that a filter wants whole before it judges.
Task<std::optional<Refusal>> Session::read_body(Exchange& exchange) {
  const conf::Timeouts& timeouts = exchange.config().timeouts;
  watch_.arm(Watch::Cause::head, timeouts.head);
  auto body =
      co_await read_whole_body(worker_.relay_buffers(), client_, inbox_, exchange.framing, exchange.route->body_wanted);
  if (!body) {
    std::optional<Refusal> late = overdue(watch_.expired(), "the body");
    if (late) co_return late;
    co_return std::move(body.error());
  }
  watch_.disarm();
  exchange.framing.kind = http::BodyKind::none;  // what there was of it has been consumed
  exchange.body = std::move(*body);
  exchange.context->body = exchange.body->reveal();
  exchange.context->now = unix_now();  // the sender may have taken his time
  exchange.record.request_bytes = exchange.body->reveal().size();
  co_return std::nullopt;
}

// True when the request goes on: it passed, or is only observed.
bool Session::record_verdict(Exchange& exchange, const Verdict& verdict) const {
  if (!std::holds_alternative<Refusal>(verdict)) return std::holds_alternative<Pass>(verdict);
  note(exchange.context->decision, verdict);
  exchange.record.observed = exchange.context->observe;
  return exchange.context->observe;
}

Task<bool> Session::end_forward(Exchange& exchange, Forwarder::End& end) {
  if (end.kind == Forwarder::End::Kind::refused) {
    exchange.response.clear();
    exchange.downstream_head.clear();
    co_return co_await reply_error(exchange, std::move(end.refusal));
  }
  if (worker_.is_cutting_off()) co_return cut_off(exchange);
  exchange.refusal = std::move(end.refusal);
  client_.reset();  // who counts bytes or chunks sees that they are missing; who waits for the close must see a reset
  co_return false;
}

// What the end of the drain finds under way: it gets no answer, or no more of one.
bool Session::cut_off(Exchange& exchange) {
  exchange.refusal = Refusal(Reason::accepted, "cut off by the end of the drain");
  client_.reset();
  return false;
}

}  // namespace postern
