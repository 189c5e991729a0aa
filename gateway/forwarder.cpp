#include "gateway/forwarder.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstring>

#include "gateway/http/parse.hpp"
#include "gateway/retry.hpp"
#include "gateway/traceparent.hpp"
#include "gateway/tunnel.hpp"

namespace postern {
namespace {

constexpr unsigned max_interim_responses = 16;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Forwarder::Forwarder(Worker& worker, Transport& client, Watch& watch, Inbox& inbox, Exchange& exchange)
    : worker_(worker),
      client_(client),
      watch_(watch),
      inbox_(inbox),
      exchange_(exchange),
      pool_(*exchange.active->pools[exchange.route->upstream]) {}

Task<Forwarder::End> Forwarder::run() {
  End end;
  std::exception_ptr failure;
  try {
    end = co_await exchange_with_upstream();
  } catch (...) {
    failure = std::current_exception();
  }
  co_await end_upload();  // its coroutine works on this object
  watch_.set_upstream(nullptr);
  watch_.disarm();
  if (failure) std::rethrow_exception(failure);
  release_upstream();
  co_return end;
}

void Forwarder::plan_body() {
  request_framing_ = exchange_.framing;
  if (request_framing_.kind != http::BodyKind::none) request_framing_.upgrade = {};
  switch (request_framing_.kind) {
    case http::BodyKind::fixed: {
      const auto at_hand = inbox_.bytes();
      body_at_hand_ = at_hand.substr(0, std::min<std::uint64_t>(at_hand.size(), request_framing_.length));
      whole_body_at_hand_ = body_at_hand_.size() == request_framing_.length;
      break;
    }
    case http::BodyKind::chunked:
      body_at_hand_ = inbox_.bytes();
      break;
    default:
      whole_body_at_hand_ = true;
  }
  inbox_.consume(body_at_hand_.size());  // the bytes stay where they are until the next request
  if (whole_body_at_hand_) exchange_.record.request_bytes = body_at_hand_.size();
}

Task<Forwarder::End> Forwarder::exchange_with_upstream() {
  plan_body();
  build_upstream_head();
  std::size_t fresh_attempts = 0;
  for (unsigned number = 0;; ++number) {
    std::optional<Refusal> refused = co_await attempt(number);
    if (!refused) break;
    if (!upstream_->reused) ++fresh_attempts;
    co_await end_upload();
    if (watch_.expired() == Watch::Cause::client_gone) co_return End(End::Kind::truncated, std::move(*refused));
    if (upload_refusal_.reason != Reason::accepted) co_return End(End::Kind::refused, std::move(upload_refusal_));
    const FailedAttempt failed{.connect_failed = connect_failed_,
                               .reused = upstream_->reused,
                               .response_began = response_began_,
                               .interrupted = watch_.expired() != Watch::Cause::none,
                               .resendable = whole_body_at_hand_,
                               .idempotent = http::is_idempotent(exchange_.request.method),
                               .fresh_attempts = fresh_attempts,
                               .endpoints = pool_.endpoints()};
    if (!may_retry(failed)) co_return End(End::Kind::refused, std::move(*refused));
    worker_.metrics().upstream_replays_total += 1;
  }
  co_return co_await relay_response();
}

Task<std::optional<Refusal>> Forwarder::attempt(unsigned number) {
  std::optional<Refusal> refused = co_await connect(number);
  if (!refused) refused = co_await send_request();
  if (!refused) refused = co_await read_response_head();
  co_return refused;
}

std::optional<Refusal> Forwarder::interrupted(Reason when_upstream_failed, std::string detail) const {
  switch (watch_.expired()) {
    case Watch::Cause::connect:
      return Refusal(Reason::upstream_timeout, "no connection within timeouts.connect");
    case Watch::Cause::response:
      return Refusal(Reason::upstream_timeout, "no response within timeouts.response");
    case Watch::Cause::total:
      return Refusal(Reason::upstream_timeout, "not finished within timeouts.total");
    case Watch::Cause::stream:
      return upload_ == Upload::running ? Refusal(Reason::request_timeout, "no progress of the request's body")
                                        : Refusal(Reason::upstream_timeout, "no progress of the response's body");
    default:
      return Refusal(when_upstream_failed, std::move(detail));
  }
}

Task<std::optional<Refusal>> Forwarder::connect(unsigned number) {
  connect_failed_ = false;
  watch_.set_upstream(nullptr);
  upstream_ = number == 0 ? pool_.take() : nullptr;  // a replay goes to a fresh connection
  if (upstream_ && !http::is_idempotent(exchange_.request.method)) {
    // What cannot be replayed must not meet a connection that the upstream has closed already.
    while (upstream_ && !upstream_->transport.is_silent()) upstream_ = pool_.take();
  }
  const bool pooled = upstream_ != nullptr;
  if (!pooled) upstream_ = pool_.make();
  exchange_.record.upstream_endpoint = exchange_.context->keep(upstream_->endpoint().text);
  watch_.set_upstream(&upstream_->transport);
  if (pooled) co_return std::nullopt;

  watch_.arm(Watch::Cause::connect, exchange_.config().timeouts.connect);
  const error_code error = co_await upstream_->open(pool_.tls());
  if (!error) {
    worker_.metrics().upstream_connections_total += 1;
    co_return std::nullopt;
  }
  connect_failed_ = true;
  co_return interrupted(Reason::upstream_unavailable, "connect: " + upstream_->transport.explain(error));
}

void Forwarder::build_upstream_head() {
  const Snapshot& snapshot = *exchange_.active->snapshot;
  const CompiledRoute& route = *exchange_.route;
  const conf::Upstream& upstream = *snapshot.upstreams[route.upstream].config;
  const ConnectionFacts& connection = *exchange_.connection;
  std::string rewritten;
  if (route.rewrites_path) rewritten = rewrite_path(*route.config, exchange_.request.path, exchange_.found.segments);
  write_traceparent(exchange_.traceparent, worker_.random(), worker_.random(), worker_.random());
  const http::UpstreamHead head{
      .request = exchange_.request,
      .path = route.rewrites_path ? std::string_view(rewritten) : exchange_.request.path,
      .host = upstream.host,
      .framing = request_framing_,
      .injectable = snapshot.injectable,
      .injected = {exchange_.context->upstream_headers.data(), exchange_.context->upstream_headers.size()},
      .edits = route.request_edits,
      .client = {.address = connection.client_address,
                 .scheme = connection.tls ? "https" : "http",
                 .port = connection.listener_port,
                 .trusted = !snapshot.trusted_proxies.empty() && snapshot.trusted_proxies.holds(connection.client),
                 .send_forwarded = snapshot.config.forwarded},
      .keep_method_override = route.config->keep_method_override,
      .traceparent = {exchange_.traceparent.data(), exchange_.traceparent.size()}};
  worker_.metrics().spoofed_headers_removed += http::write_upstream_head(head, exchange_.upstream_head);
  exchange_.record.trace_id = trace_id_of(exchange_.request, head.traceparent);
}

Task<std::optional<Refusal>> Forwarder::send_request() {
  sent_at_ = std::chrono::steady_clock::now();
  const std::string_view body = whole_body_at_hand_ ? body_at_hand_ : std::string_view{};
  watch_.arm(Watch::Cause::response, exchange_.route->response_timeout);
  const error_code error = co_await upstream_->transport.write(exchange_.upstream_head, body);
  if (error) co_return interrupted(Reason::upstream_unavailable, "send: " + upstream_->transport.explain(error));
  if (whole_body_at_hand_) co_return std::nullopt;

  if (exchange_.framing.expects_continue && body_at_hand_.empty()) {
    const error_code gone = co_await client_.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (gone) co_return interrupted(Reason::request_timeout, "the client left before its body");
  }
  watch_.arm(Watch::Cause::stream, exchange_.route->stream_idle_timeout);
  upload_ = Upload::running;
  upload_done_.emplace(worker_.io().get_executor());
  boost::asio::co_spawn(worker_.io().get_executor(), upload(), boost::asio::detached);
  co_return std::nullopt;
}

Task<void> Forwarder::upload() {
  try {
    Buffer buffer = worker_.relay_buffers().take();
    char* first = buffer.data() + BodyReader::headroom;
    std::memcpy(first, body_at_hand_.data(), body_at_hand_.size());
    // A chunked body's end is known only once it is read past: what follows must fit back into the inbox.
    const bool chunked = request_framing_.kind == http::BodyKind::chunked;
    BodyReader reader(client_, request_framing_, buffer, {first, body_at_hand_.size()},
                      chunked ? inbox_.push_back_limit() : SIZE_MAX);
    co_await upload_pieces(reader);
    if (upload_ == Upload::complete) inbox_.push_back(reader.rest());
  } catch (const std::exception& failure) {
    upload_ = Upload::stopped;
    upload_refusal_ = Refusal(Reason::out_of_memory, failure.what());
  }
  if (upload_refusal_.reason != Reason::accepted) upstream_->transport.close();  // never a complete message
  upload_done_->set();
}

Task<void> Forwarder::upload_pieces(BodyReader& reader) {
  const std::uint64_t limit = exchange_.route->body_limit;
  while (upload_ == Upload::running) {
    const BodyReader::Piece piece = co_await reader.next();
    if (upload_ != Upload::running) co_return;
    watch_.touch();
    exchange_.record.request_bytes = reader.bytes();
    if (piece.status == BodyReader::Status::malformed) {
      upload_refusal_ = Refusal(Reason::request_malformed, "the chunked body is malformed");
    } else if (piece.status == BodyReader::Status::failed) {
      upload_refusal_ = *interrupted(Reason::request_malformed, "the body ended early");
    } else if (limit != 0 && reader.bytes() > limit) {
      upload_refusal_ = Refusal(Reason::body_too_large, "the body is longer than " + std::to_string(limit) + " bytes");
    }
    if (upload_refusal_.reason != Reason::accepted) {
      upload_ = Upload::stopped;
      co_return;
    }
    const bool chunked = request_framing_.kind == http::BodyKind::chunked;
    const error_code error = co_await upstream_->transport.write(chunked ? frame_chunk(piece) : piece.data);
    if (upload_ != Upload::running) co_return;
    if (error) {
      upload_ = Upload::stopped;  // the upstream takes no more; it may have answered already
      co_return;
    }
    watch_.touch();
    if (piece.status == BodyReader::Status::last) {
      upload_ = Upload::complete;
      if (!response_began_) watch_.arm(Watch::Cause::response, exchange_.route->response_timeout);
    }
  }
}

Task<void> Forwarder::end_upload() {
  if (!upload_done_ || upload_done_->is_set()) co_return;
  if (upload_ == Upload::running) upload_ = Upload::stopped;
  client_.cancel();
  upstream_->transport.cancel();
  // Should it begin another read in spite of the cancel, the watch cancels at every tick from now on.
  if (watch_.expired() == Watch::Cause::none) watch_.arm(Watch::Cause::linger, std::chrono::milliseconds(1));
  co_await upload_done_->wait();
}

Task<std::optional<Refusal>> Forwarder::read_response_head() {
  response_buffer_ = worker_.relay_buffers().take();
  response_rest_ = {response_buffer_.data() + BodyReader::headroom, 0};
  for (unsigned heads = 0; heads <= max_interim_responses; ++heads) {
    bool final_head = false;
    std::optional<Refusal> refused = co_await read_one_head(final_head);
    if (refused || final_head) co_return refused;
  }
  co_return Refusal(Reason::upstream_malformed, "too many interim responses");
}

Task<std::optional<Refusal>> Forwarder::read_one_head(bool& final_head) {
  char* begin = response_buffer_.data() + BodyReader::headroom;
  std::memmove(begin, response_rest_.data(), response_rest_.size());  // what followed an interim response
  std::size_t size = response_rest_.size();
  const std::size_t space = response_buffer_.size() - BodyReader::headroom - BodyReader::tailroom;
  http::HeadScanner scanner(exchange_.config().limits.response_head_bytes.count, true);
  auto state = scanner.scan({begin, size});
  while (state == http::HeadScanner::State::need_more) {
    const Transport::Read read = co_await upstream_->transport.read_some(begin + size, space - size);
    if (read.error) {
      co_return interrupted(Reason::upstream_unavailable,
                            "before the response: " + upstream_->transport.explain(read.error));
    }
    response_began_ = true;
    size += read.bytes;
    state = scanner.scan({begin, size});
  }
  if (state == http::HeadScanner::State::too_large) {
    co_return Refusal(Reason::upstream_malformed, "the response's head is longer than limits.response_head_bytes");
  }
  if (state == http::HeadScanner::State::malformed) {
    co_return Refusal(Reason::upstream_malformed, "the response is no HTTP/1.1");
  }
  http::ResponseHead& response = exchange_.response;
  response.clear();
  const http::HeadLimits limits{exchange_.config().limits.head_fields};
  const std::string_view head(begin + scanner.begin(), scanner.end() - scanner.begin());
  auto parsed = http::parse_response_head(head, limits, response);
  if (!parsed) co_return std::move(parsed.error());
  auto framing = http::judge_response(response, exchange_.request.method);
  if (!framing) co_return std::move(framing.error());
  response_framing_ = *framing;
  response_rest_ = {begin + scanner.end(), size - scanner.end()};
  final_head = response.status >= 200 || response.status == 101;
  co_return std::nullopt;
}

bool Forwarder::response_is_upgrade() const noexcept {
  const http::Field* upgrade = exchange_.response.fields.find(http::KnownField::upgrade);
  return upgrade != nullptr && http::list_has(request_framing_.upgrade, upgrade->value);
}

Task<Forwarder::End> Forwarder::relay_response() {
  exchange_.record.upstream_duration = seconds_since(sent_at_);
  const auto& upstream = exchange_.active->snapshot->upstreams[exchange_.route->upstream];
  worker_.metrics().count_upstream(upstream.metrics_id, *exchange_.record.upstream_duration);
  const bool switching = exchange_.response.status == 101;
  if (switching && !response_is_upgrade()) {
    co_return End(End::Kind::refused,
                  Refusal(Reason::upstream_malformed, "101 without the upgrade that was asked for"));
  }
  build_downstream_head();
  exchange_.record.status = exchange_.response.status;
  if (switching) co_return co_await tunnel();
  co_return co_await relay_body();
}

void Forwarder::build_downstream_head() {
  const Chain& chain = exchange_.route->chain;
  for (auto filter = chain.rbegin(); filter != chain.rend(); ++filter) {
    (*filter)->on_response(*exchange_.context, exchange_.response);
  }
  // A response of unknown length is framed anew; a client of HTTP/1.0 sees its end by the close.
  http::Framing framing = response_framing_;
  if (framing.kind == http::BodyKind::chunked || framing.kind == http::BodyKind::until_close) {
    const bool chunked = exchange_.request.minor_version >= 1;
    framing.kind = chunked ? http::BodyKind::chunked : http::BodyKind::until_close;
    if (!chunked) exchange_.keep_alive = false;
  }
  if (body_unread() || worker_.draining()) exchange_.keep_alive = false;
  const http::DownstreamHead head{.response = exchange_.response,
                                  .framing = framing,
                                  .client_minor = exchange_.request.minor_version,
                                  .keep_alive = exchange_.keep_alive,
                                  .to_head = exchange_.request.method == http::Method::head,
                                  .edits = exchange_.route->response_edits};
  http::write_downstream_head(head, worker_.http_date(exchange_.record.time), exchange_.downstream_head);
}

Task<Forwarder::End> Forwarder::relay_body() {
  watch_.arm(Watch::Cause::stream, exchange_.route->stream_idle_timeout);
  BodyReader reader(upstream_->transport, response_framing_, response_buffer_, response_rest_);
  const bool chunked = exchange_.request.minor_version >= 1 && (response_framing_.kind == http::BodyKind::chunked ||
                                                                response_framing_.kind == http::BodyKind::until_close);
  std::string_view head = exchange_.downstream_head;
  error_code client_error;
  if (!reader.at_hand()) {  // the first event of a stream may be far away
    client_error = co_await client_.write(head);
    head = {};
  }
  for (bool last = false; !last && !client_error;) {
    const BodyReader::Piece piece = co_await reader.next();
    if (piece.status == BodyReader::Status::malformed || piece.status == BodyReader::Status::failed) {
      const bool malformed = piece.status == BodyReader::Status::malformed;
      Refusal refusal = *interrupted(malformed ? Reason::upstream_malformed : Reason::upstream_unavailable,
                                     malformed ? "the chunked response is malformed" : "the response ended early");
      co_return End(head.empty() ? End::Kind::truncated : End::Kind::refused, std::move(refusal));
    }
    last = piece.status == BodyReader::Status::last;
    client_error = co_await client_.write(head, chunked ? frame_chunk(piece) : piece.data);
    head = {};
    exchange_.record.response_bytes = reader.bytes();
    watch_.touch();
  }
  if (client_error) {
    exchange_.keep_alive = false;
    co_return End(End::Kind::truncated, Refusal(Reason::accepted, "the client left: " + client_.explain(client_error)));
  }
  upstream_reusable_ = response_framing_.keep_alive && response_framing_.kind != http::BodyKind::until_close &&
                       reader.rest().empty() && !body_unread();
  co_return End();
}

Task<Forwarder::End> Forwarder::tunnel() {
  exchange_.keep_alive = false;
  error_code error = co_await client_.write(exchange_.downstream_head, response_rest_);
  response_buffer_.give_back();
  if (error) co_return End(End::Kind::truncated);
  watch_.arm(Watch::Cause::stream, exchange_.route->stream_idle_timeout);
  const std::string_view first = inbox_.bytes();
  inbox_.consume(first.size());
  const TunnelBytes bytes = co_await run_tunnel(worker_, client_, upstream_->transport, watch_, first);
  exchange_.record.request_bytes = bytes.from_client;
  exchange_.record.response_bytes = bytes.from_upstream;
  co_return End();
}

void Forwarder::release_upstream() {
  if (upstream_ && upstream_reusable_) pool_.give_back(std::move(upstream_));
  upstream_.reset();
}

}  // namespace postern
